import type { Mode } from '../functions/shared/journal.ts';
import type { ParsedFinding, Priority } from '../functions/shared/parse-finding.ts';
import { route } from './route.ts';

/** A workflow and what it is started with, or why none is. */
export type Asked =
  | {
      readonly playbook: string;
      readonly reason: string;
      readonly priority: Priority;
      readonly mode: Mode;
      readonly request: object;
    }
  | { readonly playbook: null; readonly reason: string };

/** The members that a request may bring itself; EventBridge's rule gives them otherwise. */
interface Words {
  readonly mode?: unknown;
  readonly priority?: unknown;
  readonly playbook?: unknown;
}

/**
 * What EventBridge's rule, or the person who starts a playbook, would start it with.
 *
 * `mode` overrides what a request says for itself; `otherwise` is for one that says nothing.
 */
export function ask(
  { event, request }: ParsedFinding,
  { mode, otherwise }: { mode: Mode | undefined; otherwise: Mode },
): Asked {
  const routed = route(event);
  if (routed.playbook === null) return routed;
  const { reason, approval } = routed;
  const said: Words = request;
  // Of a key the parser has let a person name the playbook that no finding starts.
  const playbook = typeof said.playbook === 'string' ? said.playbook : routed.playbook;
  // The parser has checked these two words where the request has them.
  const own = {
    mode: said.mode as Mode | undefined,
    priority: said.priority as Priority | undefined,
  };
  const wanted = mode ?? own.mode ?? otherwise;
  const priority = own.priority ?? routed.priority;
  return {
    playbook,
    reason,
    priority,
    mode: wanted,
    request: {
      ...request,
      mode: wanted,
      priority,
      ...(approval === 'required' && { approval }),
    },
  };
}
