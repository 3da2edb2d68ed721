import { createHash } from 'node:crypto';
import { type Approval, type Came, untilOf, whoSaid, whyOf } from '../shared/approval.ts';
import { type Said, words } from './words.ts';

const style = `
:root{color-scheme:light dark;--line:#8884}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0}h2{font-size:1.05rem;margin:1.5rem 0 .5rem}
p.lead{font-size:1.05rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:1rem 0}
dt{opacity:.7}dd{margin:0;overflow-wrap:anywhere}
ol,ul{padding-left:1.5rem;margin:.25rem 0}li{margin:.3rem 0}
code{font:13px/1.45 ui-monospace,monospace;overflow-wrap:anywhere}
.warn{border-left:4px solid #c60;padding:.25rem .75rem}
form{display:flex;gap:1rem;flex-wrap:wrap;margin:1.5rem 0;padding:1rem 0;border-top:1px solid var(--line);border-bottom:1px solid var(--line)}
button{font:inherit;padding:.6rem 1.4rem;border-radius:.4rem;border:1px solid;cursor:pointer}
.approve{background:#b3261e;color:#fff;border-color:#b3261e}.deny{background:transparent;color:inherit}
`;

/** No script, no frame, nothing from elsewhere; and no way for the address, which is a key, to leak. */
export const security: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex, nofollow',
  'strict-transport-security': 'max-age=31536000',
};

/** A stranger's words as text of HTML, in an attribute as well. */
const text = (said: string): string =>
  said.replaceAll(/[&<>"']/g, (odd) => `&#${odd.charCodeAt(0)};`);

const page = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${text(title)} · Cordon</title><style>${style}</style></head><body><main>${body}</main></body></html>`;

/** What came of a request, with who has answered so far. */
export function pageOfWords(said: Said, approval?: Approval): string {
  const { title, text: why } = words[said];
  const who = approval ? whoSaid(approval.decisions) : '';
  const about = approval ? `<p>Case ${text(approval.caseId)}: ${text(approval.target)}.</p>` : '';
  return page(
    title,
    `<h1>${text(title)}</h1><p class="lead">${text(why)}</p>${about}${who ? `<p>${text(who)}</p>` : ''}`,
  );
}

/** The plan, why people are asked and until when; with the form where an answer still counts. */
export function pageOfApproval(
  approval: Approval,
  { by, link, came }: { by: string; link: string | undefined; came: Came },
): string {
  const { playbook, target, plan, failed, because, people, findings, decisions, caseId } = approval;
  const { execution } = approval;
  const asks = execution ? `<dt>Execution</dt><dd>${text(execution)}</dd>` : '';
  const title = `Let Cordon run ${playbook} on ${target}?`;
  const list = (tag: 'ol' | 'ul', lines: readonly string[], wrap = 'span') =>
    `<${tag}>${lines.map((line) => `<li><${wrap}>${text(line)}</${wrap}></li>`).join('')}</${tag}>`;
  const closed = link
    ? ''
    : `<p class="warn">${text(words[came].title)}. ${text(words[came].text)}</p>`;
  const notKnown = failed.map(
    (step) => `${step} could not be rehearsed: what it would do is not known`,
  );
  return page(
    title,
    [
      `<h1>${text(title)}</h1>`,
      '<p class="lead">Nothing has been changed yet. This page decides nothing until you press a button.</p>',
      closed,
      `<dl><dt>Case</dt><dd>${text(caseId)}</dd><dt>Target</dt><dd>${text(approval.resource)}</dd>${asks}<dt>You are</dt><dd>${text(by)}</dd><dt>Until</dt><dd>${text(untilOf(approval))}</dd>`,
      `<dt>People needed</dt><dd>${people === 2 ? 'two different people' : 'one'}</dd>`,
      decisions.length > 0 ? `<dt>So far</dt><dd>${text(whoSaid(decisions))}</dd>` : '',
      `<dt>Plan</dt><dd><code>${text(approval.planHash.slice(0, 16))}</code></dd></dl>`,
      `<h2>Why you are asked</h2>${list('ul', because.map(whyOf))}`,
      `<h2>Who asks, because of what</h2>${list('ul', findings)}`,
      `<h2>What would be done: ${plan.length} ${plan.length === 1 ? 'call' : 'calls'}</h2>${list('ol', plan, 'code')}`,
      notKnown.length > 0 ? `<div class="warn">${list('ul', notKnown)}</div>` : '',
      link
        ? `<form method="post"><input type="hidden" name="link" value="${text(link)}"><button class="approve" name="decision" value="approve">Approve: do it</button><button class="deny" name="decision" value="deny">Deny: do nothing</button></form>`
        : '',
    ].join(''),
  );
}
