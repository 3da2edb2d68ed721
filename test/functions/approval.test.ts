import { describe, expect, it } from 'vitest';
import { answerRequest } from '../../functions/approval-page/page.ts';
import type { Door, PageAnswer } from '../../functions/approval-page/show-or-decide.ts';
import { requestApproval } from '../../functions/request-approval/handler.ts';
import { settleApproval } from '../../functions/settle-approval/handler.ts';
import type { CaseRef } from '../../functions/shared/case-record.ts';
import type { Finding } from '../../functions/shared/finding.ts';
import { CaseId } from '../../functions/shared/ids.ts';
import { approveCommand, NoDeploymentError } from '../../infra/approve/command.ts';
import { at, finding, rehearsalOf } from '../rehearsal.ts';

const alice = {
  name: 'alice',
  email: 'alice@example.com',
  arns: ['arn:aws:iam::111122223333:user/alice'],
};
const bob = {
  name: 'bob',
  email: 'bob@example.com',
  arns: ['arn:aws:sts::111122223333:assumed-role/Ir/bob'],
};
const evil = '<script>alert("x")</script>';

/** A case that waits for people: its plan withholds one call, and they have been asked. */
interface Waiting {
  people?: 1 | 2;
  plan?: object;
  name?: string;
  id?: string;
  source?: Finding['source'];
  parent?: CaseId;
}

async function asking(options: Waiting = {}) {
  const { people = 1, plan = { GroupIds: ['sg-1', evil] }, name = 'a' } = options;
  const answers: { token: string; output: object }[] = [];
  let clock = new Date(at);
  const rehearsal = await rehearsalOf(
    {},
    {
      settings: { approval: { approvers: [alice, bob], minutes: 30 } },
      finding: finding({
        id: options.id ?? 'f1',
        title: evil,
        source: options.source ?? 'guardduty',
      }),
      parent: options.parent,
      answer: async (token, output) => {
        answers.push({ token, output });
        return 'answered';
      },
      now: () => clock,
    },
  );
  const { cases } = rehearsal;
  const live = await rehearsal.open('live');
  await cases.setGate(live, { because: ['policy', `rule: ${evil}`], people });
  const ref: CaseRef = {
    ...live,
    mode: 'dry-run',
    planOf: live.caseId,
    caseId: CaseId.parse(`${live.caseId}-plan-abc123`),
  };
  const planning = (input: object) =>
    cases.recordStep(ref, {
      step: 'isolate-instance',
      outcome: 'ran',
      at: clock.toISOString(),
      journal: [
        { call: 'ec2:ModifyNetworkInterfaceAttribute', input, disposition: 'withheld' },
        { call: 'ec2:DescribeInstances', input: {}, disposition: 'sent' },
      ],
    });
  await planning(plan);
  const ask = (round = 1, token = `token-${name}-${round}`) =>
    rehearsal.run(
      requestApproval,
      { playbook: 'compromised-instance', target: 'i-1', seconds: 1800, round, severity: 8, token },
      'dry-run',
      { case: ref },
    );
  await ask();
  const links = () =>
    Object.fromEntries(
      rehearsal.notifications.flatMap(({ audience, text }) => {
        const [, link = ''] = /[?&]link=([^\s&]+)/.exec(text) ?? [];
        return audience ? [[audience, decodeURIComponent(link)]] : [];
      }),
    );
  const door: Door = {
    approvals: cases.approvals,
    answer: async (token, output) => {
      answers.push({ token, output });
      return 'answered';
    },
    now: () => clock,
  };
  const page = (method: string, link = '', decision?: string): Promise<PageAnswer> =>
    answerRequest(
      {
        requestContext: { http: { method } },
        rawQueryString: method === 'POST' ? '' : new URLSearchParams({ link }).toString(),
        ...(method === 'POST' && {
          body: Buffer.from(
            new URLSearchParams({ link, ...(decision && { decision }) }).toString(),
          ).toString('base64'),
          isBase64Encoded: true,
        }),
      },
      door,
    );
  const status = async () => (await cases.approvals.of(live.caseId))?.status;
  const cli = async (args: string[], arn: string) => {
    const said: string[] = [];
    const code = await approveCommand(args, {
      print: (text) => said.push(text),
      complain: (text) => said.push(text),
      open: async () => ({ ...door, whoAmI: async () => arn }),
    });
    return { code, said: said.join('') };
  };
  const later = (seconds: number) => {
    clock = new Date(clock.getTime() + seconds * 1000);
  };
  return { ...rehearsal, live, ref, ask, planning, links, page, status, cli, later, answers };
}

const link = (links: Record<string, string>, of: string): string => {
  const found = links[of];
  if (!found) throw new Error(`${of} got no link`);
  return found;
};

describe('who is asked', () => {
  it('gets a link of their own, and nobody gets another’s; everyone gets none', async () => {
    const { notifications, links } = await asking();

    expect(notifications.map(({ audience }) => audience)).toEqual([undefined, 'alice', 'bob']);
    expect(notifications[0]?.text).not.toContain('link=');
    expect(new Set(Object.values(links())).size).toBe(2);
    expect(notifications[0]?.title).toBe('Approval needed by 2026-03-01 04:35 UTC: i-1');
    expect(notifications[0]?.text).toMatch(/1 calls[\s\S]*isolate-instance: ec2:ModifyNetwork/);
  });

  it('is never told a token or the key that links are signed with', async () => {
    const { notifications, live, cases, links, page } = await asking();
    const approval = await cases.approvals.of(live.caseId);
    const shown = (await page('GET', link(links(), 'alice'))).body;

    for (const secret of [approval?.token ?? '?', approval?.key ?? '?']) {
      expect(JSON.stringify(notifications)).not.toContain(secret);
      expect(shown).not.toContain(secret);
      expect(JSON.stringify(await cases.steps(live.caseId))).not.toContain(secret);
    }
  });

  it('keeps their link when the step is run again after its answer was lost', async () => {
    const { ask, links, page, answers } = await asking();
    const before = links();
    await ask(1, 'token-again');
    expect(links()).toEqual(before);
    await page('POST', link(before, 'alice'), 'approve');
    expect(answers).toEqual([{ token: 'token-again', output: { outcome: 'approved' } }]);
  });
});

describe('what people are told of who asks', () => {
  it.each([
    ['guardduty', 'GuardDuty'],
    ['security-hub', 'a person, from Security Hub'],
    ['manual', 'a person, by hand'],
  ] as const)(
    'is, of a finding from %s: %s, because of what, and in which execution',
    async (source, asks) => {
      const { notifications, links, page, cli, live } = await asking({ source });
      const { type } = finding();
      const line = `${asks}: ${type}, severity 8, f1: ${evil}`;
      const inHtml = line.replaceAll(/[&<>"]/g, (odd) => `&#${odd.charCodeAt(0)};`);
      const shown = (await page('GET', link(links(), 'alice'))).body;
      const { said } = await cli([live.caseId, '--show'], 'arn:aws:iam::111122223333:user/alice');

      for (const { text } of notifications) expect(text).toContain(line);
      expect(shown).toContain(inHtml);
      expect(said).toContain(line);
      for (const text of [notifications[0]?.text, shown, said]) {
        expect(text).toContain(live.execution);
      }
    },
  );

  it('is the case whose playbook started it, where none of them did', async () => {
    const { notifications } = await asking({
      source: 'manual',
      parent: CaseId.parse('case-0123456789'),
    });
    expect(notifications[0]?.text).toContain('• `the playbook of case-0123456789: ');
  });
});

it('asks about a case though the release of it was agreed to, were it the same plan', async () => {
  const { ask, cases, live, ref, notifications } = await asking();
  const before = await cases.approvals.of(live.caseId);
  if (!before) throw new Error('nobody was asked');
  const agreedTo = { ...before, playbook: 'release', status: 'approved', version: 9 } as const;
  await cases.approvals.put(agreedTo, before);
  expect((await ask(2)).result.outcome).toBe('asked');
  expect(await cases.approvals.of(live.caseId)).toMatchObject({
    status: 'asked',
    rehearsal: `${ref.caseId} 2`,
    version: 10,
    decisions: [],
  });
  expect(notifications.at(-1)?.text).not.toContain('What was agreed to is void');
});

describe('the page', () => {
  it.each(['GET', 'HEAD'])(
    'shows the plan and who asks to a %s, and decides nothing',
    async (method) => {
      const { page, links, status, answers, live, cases } = await asking();
      const { statusCode, headers, body } = await page(method, link(links(), 'alice'));

      expect(statusCode).toBe(200);
      expect(body).toContain('isolate-instance: ec2:ModifyNetworkInterfaceAttribute');
      expect(body).toContain('<dd>alice</dd>');
      expect(body).toContain(live.caseId);
      expect(body).toContain('method="post"');
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
      });
      expect([await status(), answers]).toEqual(['asked', []]);
      expect(await cases.approvals.refusedOf(live.caseId)).toEqual([]);
    },
  );

  it('shows an intruder’s words as words', async () => {
    const { page, links } = await asking();
    const { body } = await page('GET', link(links(), 'alice'));
    expect(body).not.toContain('<script');
    expect(body).toContain('&#60;script&#62;');
  });

  it.each([
    ['approve', 'approved', 'Approved'],
    ['deny', 'denied', 'Denied'],
  ] as const)(
    'takes the answer %s from a POST, and lets the workflow go on',
    async (decision, status, title) => {
      const made = await asking();
      const { statusCode, body } = await made.page('POST', link(made.links(), 'alice'), decision);

      expect([statusCode, body]).toEqual([200, expect.stringContaining(`<h1>${title}</h1>`)]);
      expect(await made.status()).toBe(status);
      expect(made.answers).toEqual([{ token: 'token-a-1', output: { outcome: status } }]);
      expect((await made.cases.approvals.of(made.live.caseId))?.decisions).toEqual([
        { by: 'alice', how: 'link', said: decision, at },
      ]);
    },
  );

  /** What is done with the link, and what comes of it. */
  const bad: Record<string, [(made: Made) => Promise<PageAnswer>, number, string | null]> = {
    'an answer that comes twice': [
      async ({ page, links }) => {
        await page('POST', link(links(), 'alice'), 'approve');
        return page('POST', link(links(), 'alice'), 'deny');
      },
      409,
      'answered-already',
    ],
    'an answer to what another has decided': [
      async ({ page, links }) => {
        await page('POST', link(links(), 'alice'), 'deny');
        return page('POST', link(links(), 'bob'), 'approve');
      },
      409,
      'decided-already',
    ],
    'an answer that comes too late': [
      async ({ page, links, later }) => {
        later(1800);
        return page('POST', link(links(), 'alice'), 'approve');
      },
      410,
      'expired',
    ],
    'a link that says another approver': [
      async ({ page, links }) =>
        page('POST', changed(link(links(), 'alice'), { approver: 'bob' }), 'approve'),
      403,
      'not-signed',
    ],
    'a link that says another time': [
      async ({ page, links }) =>
        page('POST', changed(link(links(), 'alice'), { expires: 9_999_999_999 }), 'approve'),
      403,
      'not-signed',
    ],
    'a link without its signature': [
      async ({ page, links }) => page('POST', link(links(), 'alice').split('.')[0], 'approve'),
      400,
      null,
    ],
    'no link': [async ({ page }) => page('POST', '', 'approve'), 400, null],
    'no decision': [async ({ page, links }) => page('POST', link(links(), 'alice')), 400, null],
    'an unknown decision': [
      async ({ page, links }) => page('POST', link(links(), 'alice'), 'yes'),
      400,
      null,
    ],
    'another way to ask': [
      async ({ page, links }) => page('PUT', link(links(), 'alice'), 'approve'),
      405,
      null,
    ],
    'a link to a case that there is none of': [
      async ({ page, links }) =>
        page('POST', changed(link(links(), 'alice'), { caseId: 'case-of-nobody' }), 'approve'),
      404,
      null,
    ],
    'a link of another case': [
      async ({ page, live }) => {
        const other = await asking({ name: 'b', id: 'f2' });
        return page(
          'POST',
          changed(link(other.links(), 'alice'), { caseId: live.caseId }),
          'approve',
        );
      },
      403,
      'not-signed',
    ],
  };
  type Made = Awaited<ReturnType<typeof asking>>;

  it.each(Object.entries(bad))(
    'answers %s clearly, does nothing and keeps it',
    async (_what, [act, code, came]) => {
      const made = await asking();
      const answeredBefore = ['answered-already', 'decided-already'].includes(came ?? '');
      const { statusCode, body } = await act(made);

      expect(statusCode).toBe(code);
      expect(body).toMatch(/Nothing (?:was|further was) done/);
      if (!answeredBefore) expect([await made.status(), made.answers]).toEqual(['asked', []]);
      const refused = await made.cases.approvals.refusedOf(made.live.caseId);
      expect(refused.map((one) => one.came)).toEqual(came ? [came] : []);
    },
  );

  it('takes no answer to a plan that has been replaced, which is asked about anew', async () => {
    const made = await asking();
    const old = link(made.links(), 'alice');
    await made.planning({ GroupIds: ['sg-2'] });
    await made.ask(2);

    expect((await made.page('POST', old, 'approve')).statusCode).toBe(403);
    expect(await made.status()).toBe('asked');
    expect((await made.page('POST', link(made.links(), 'alice'), 'approve')).statusCode).toBe(200);
  });

  it('keeps no more than fifty answers that did nothing', async () => {
    const made = await asking();
    const forged = changed(link(made.links(), 'alice'), { approver: 'mallory' });
    for (let n = 0; n < 60; n++) await made.page('POST', forged, 'approve');
    expect(await made.cases.approvals.refusedOf(made.live.caseId)).toHaveLength(50);
  });
});

/** The link with its claim changed and its signature kept. */
function changed(from: string, differs: object): string {
  const [body = '', signature] = from.split('.');
  const claim = { ...JSON.parse(Buffer.from(body, 'base64url').toString()), ...differs };
  return `${Buffer.from(JSON.stringify(claim)).toString('base64url')}.${signature}`;
}

describe('two people', () => {
  it('are two different ones', async () => {
    const { page, links, status, answers } = await asking({ people: 2 });
    const first = await page('POST', link(links(), 'alice'), 'approve');
    expect([first.statusCode, await status(), answers]).toEqual([200, 'asked', []]);
    expect(first.body).toContain('one more is needed');

    const again = await page('POST', link(links(), 'alice'), 'approve');
    expect([again.statusCode, await status()]).toEqual([409, 'asked']);

    await page('POST', link(links(), 'bob'), 'approve');
    expect([await status(), answers.length]).toEqual(['approved', 1]);
  });

  it('are not one who answers by link and by command line', async () => {
    const { page, links, status, cli, live } = await asking({ people: 2 });
    await page('POST', link(links(), 'alice'), 'approve');
    const { code, said } = await cli([live.caseId], alice.arns[0] ?? '');

    expect([code, await status()]).toEqual([1, 'asked']);
    expect(said).toContain('As alice: You have answered already');
    expect((await cli([live.caseId], bob.arns[0] ?? '')).code).toBe(0);
    expect(await status()).toBe('approved');
  });

  it('are not needed to deny', async () => {
    const { page, links, status } = await asking({ people: 2 });
    await page('POST', link(links(), 'bob'), 'deny');
    expect(await status()).toBe('denied');
  });

  it('count both when they answer at once', async () => {
    const { page, links, status } = await asking({ people: 2 });
    await Promise.all(['alice', 'bob'].map((who) => page('POST', link(links(), who), 'approve')));
    expect(await status()).toBe('approved');
  });
});

describe('the command line', () => {
  it('shows the plan, and approves as whom AWS says it is', async () => {
    const { cli, live, status, cases } = await asking();
    const { code, said } = await cli([live.caseId], bob.arns[0] ?? '');

    expect([code, await status()]).toEqual([0, 'approved']);
    expect(said).toMatch(/isolate-instance: ec2:ModifyNetwork[\s\S]*As bob: Approved/);
    expect((await cases.approvals.of(live.caseId))?.decisions[0]).toMatchObject({
      by: 'bob',
      how: 'command-line',
    });
  });

  it.each([
    [['--deny'], 0, 'denied', /As bob: Denied/],
    [['--show'], 0, 'asked', /What would be done/],
  ])('takes %o', async (options, code, status, said) => {
    const made = await asking();
    const came = await made.cli([made.live.caseId, ...options], bob.arns[0] ?? '');
    expect([came.code, await made.status()]).toEqual([code, status]);
    expect(came.said).toMatch(said);
  });

  it('takes no answer from who is not among the approvers, and keeps that it was tried', async () => {
    const { cli, live, status, cases } = await asking();
    const arn = 'arn:aws:sts::111122223333:assumed-role/Ir/alice';
    expect((await cli([live.caseId], arn)).code).toBe(1);
    expect(await status()).toBe('asked');
    expect(await cases.approvals.refusedOf(live.caseId)).toMatchObject([
      { came: 'no-approver', by: arn },
    ]);
  });

  it.each([
    [['not a case!'], 2, /^CASE: expected the id of a case, such as/],
    [['case-0000000000', '--region', 'EU'], 2, /^--region: expected a Region, such as eu-west-1/],
    [['case-0000000000', '--region', 'global'], 2, /^--region: expected a Region/],
    [['case-0000000000'], 1, /Nobody is asked about this case/],
    [[], 2, /missing required argument/],
  ])('says what is wrong with %o', async (args, code, said) => {
    const came = await (await asking()).cli(args, 'arn');
    expect(came.code).toBe(code);
    expect(came.said).toMatch(said);
  });

  it('says when there is no deployment', async () => {
    const said: string[] = [];
    const code = await approveCommand(['case-0000000000'], {
      print: () => {},
      complain: (text) => said.push(text),
      open: async () => Promise.reject(new NoDeploymentError('There is no stack')),
    });
    expect([code, said]).toEqual([2, ['There is no stack\n']]);
  });
});

describe('what people agreed to', () => {
  it('is asked about no second time while the plan is the same', async () => {
    const { ask, page, links, status, answers } = await asking();
    await page('POST', link(links(), 'alice'), 'approve');
    const { result } = await ask(2);

    expect(result.outcome).toBe('confirmed');
    expect(await status()).toBe('confirmed');
    expect(answers.at(-1)).toEqual({ token: 'token-a-2', output: { outcome: 'confirmed' } });
  });

  it.each([
    ['the plan has changed', async ({ planning }: Asking) => planning({ GroupIds: ['sg-3'] })],
    ['an hour has passed', async ({ later }: Asking) => later(3_601)],
  ])('is void when %s', async (_what, change) => {
    const made = await asking();
    await made.page('POST', link(made.links(), 'alice'), 'approve');
    await change(made);
    const { result } = await made.ask(2);

    expect(result.outcome).toBe('asked');
    expect(await made.status()).toBe('asked');
    expect((await made.cases.approvals.of(made.live.caseId))?.decisions).toEqual([]);
  });

  it('does not depend on the time, on tokens or on a rehearsal’s own names', async () => {
    const { planOf } = await import('../../functions/shared/plan.ts');
    const plan = (rehearsal: string, input: object) =>
      planOf(
        [
          {
            step: 's',
            outcome: 'ran',
            at,
            journal: [{ call: 'ec2:X', input, disposition: 'withheld' }],
          },
        ],
        rehearsal,
      ).hash;
    const input = (id: string, time: string, group = 'sg-0000000000001a2b3') => ({
      ClientToken: id,
      Name: `cordon-${id}`,
      Until: time,
      Group: group,
    });
    const one = plan('case-1', input('case-1', '2026-03-01T04:05:06.000Z'));
    expect(plan('case-2', input('case-2', '2026-03-01T05:00:00Z', 'sg-000000000000fffff'))).toBe(
      one,
    );
    expect(plan('case-1', input('case-1', '2026-03-01T04:05:06.000Z', 'sg-1'))).not.toBe(one);
  });

  type Asking = Awaited<ReturnType<typeof asking>>;
});

describe('settle-approval', () => {
  it('believes the case, and not what the workflow was told', async () => {
    const { run, ref, live, cases } = await asking();
    const { openCase } = await import('../../functions/open-case/handler.ts');
    const opening = {
      ...(openCase.output.parse(openingOf(live)) as object),
    };
    const input = { playbook: 'compromised-instance', opening, answer: { outcome: 'approved' } };
    const { result } = await run(settleApproval, input, 'dry-run', { case: ref });

    expect(result).toMatchObject({ outcome: 'unanswered', ref: null });
    expect(await cases.whole(live.caseId)).toMatchObject({
      status: 'needs-human',
      summary: { missing: ['Nothing was done: unanswered'] },
    });
    // The finding, and what people were asked.
    expect(await cases.manifest(live.caseId)).toMatchObject({ entries: 2 });
  });
});

it('takes no leave to act from what people said of the release of the case', async () => {
  const { run, ref, live, cases } = await asking();
  const before = await cases.approvals.of(live.caseId);
  if (!before) throw new Error('nobody was asked');
  const ofRelease = { ...before, playbook: 'release', status: 'confirmed', version: 9 } as const;
  await cases.approvals.put(ofRelease, before);
  const input = {
    ...{ playbook: 'compromised-instance', opening: openingOf(live) },
    answer: { outcome: 'confirmed' },
  };
  const { result } = await run(settleApproval, input, 'dry-run', { case: ref });
  expect(result).toMatchObject({ outcome: 'unanswered', ref: null });
});

/** What open-case hands on, as far as nothing here depends on it. */
const openingOf = (live: CaseRef) => ({
  outcome: 'opened',
  reason: 'new-case',
  ref: live,
  target: live.target,
  other: null,
  mode: 'dry-run',
  forced: null,
  priority: 'evidence-first',
  memory: 'skip',
  instanceId: 'i-0aaaaaaaaaaaaaaa1',
  vpcIds: [],
  principal: {
    kind: 'none',
    accessKeyId: null,
    userName: null,
    roleName: null,
    roleId: null,
    sessionName: null,
    instanceId: null,
    federated: false,
  },
  known: { keyStatus: null, owner: null },
  keyIds: [],
  scope: 'session',
  alongside: { playbook: 'none', request: null, name: null },
  approval: { needed: 'yes', because: ['policy'], round: 1, severity: 8 },
  instructions: null,
  polls: { autoScaling: 1, history: 1 },
  waits: { approval: 1800, memory: 0, autoScaling: 0, history: 0, lookAgain: 0, lookOnceMore: 0 },
});
