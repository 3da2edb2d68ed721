import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../functions/shared/canonical-json.ts';
import { chain } from '../../../functions/shared/evidence-chain.ts';

describe('canonical JSON', () => {
  // The examples of RFC 8785, 3.2.2 and 3.2.3.
  it('writes numbers, strings and literals as the RFC does', () => {
    const value = JSON.parse(
      String.raw`{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}`,
    );

    expect(canonicalJson(value)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it('sorts members by their UTF-16 code units, those that look like numbers too', () => {
    const names = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6'];
    const written = canonicalJson(Object.fromEntries(names.map((name) => [name, 0])));

    const order = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];
    expect([...written.matchAll(/"((?:[^"\\]|\\.)*)":/g)].map(([, name]) => name)).toEqual(
      order.map((name) => JSON.stringify(name).slice(1, -1)),
    );
  });

  it('leaves out what is undefined, at any depth', () => {
    expect(canonicalJson({ b: undefined, a: [{ c: undefined }, 'x'] })).toBe('{"a":[{},"x"]}');
  });
});

describe('the chain of a manifest', () => {
  it('is what its description says, worked out by hand', () => {
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    const facts = {
      caseId: 'case-1',
      mode: 'live',
      account: '111122223333',
      region: 'eu-west-1',
      target: 'arn:x',
      playbook: 'compromised-role',
      status: 'contained',
      execution: 'arn:e',
      openedAt: null,
      closedAt: '2026-03-01T04:05:06.000Z',
      missing: [],
    } as const;
    const snapshot = {
      kind: 'snapshot',
      id: 'snap-1',
      body: null,
      time: '2026-03-01T04:05:06.000Z',
      actor: 'a',
      source: 's',
      details: {},
    } as const;

    const { entries, head } = chain({ ...facts, missing: [] }, [snapshot]);

    const first = hash(
      '{"case":{"account":"111122223333","caseId":"case-1","closedAt":"2026-03-01T04:05:06.000Z","execution":"arn:e","missing":[],"mode":"live","openedAt":null,"playbook":"compromised-role","region":"eu-west-1","status":"contained","target":"arn:x"},"format":"cordon-evidence-manifest-1"}',
    );
    const last = hash(
      `{"actor":"a","body":null,"details":{},"id":"snap-1","kind":"snapshot","number":1,"previous":"${first}","source":"s","time":"2026-03-01T04:05:06.000Z"}`,
    );
    expect(entries).toMatchObject([{ number: 1, previous: first, hash: last }]);
    expect(head).toEqual({ entries: 1, hash: last });
    expect(chain({ ...facts, missing: [] }, []).head).toEqual({ entries: 0, hash: first });
  });
});
