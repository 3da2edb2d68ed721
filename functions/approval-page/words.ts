import type { Came } from '../shared/approval.ts';

/** Everything that the page may have to say instead of asking. */
export type Said = Came | 'no-link' | 'not-signed' | 'no-decision' | 'wrong-method';

interface Words {
  readonly status: number;
  readonly title: string;
  readonly text: string;
}

/** What people read, by what came of their request. */
export const words: Readonly<Record<Said, Words>> = {
  approved: {
    status: 200,
    title: 'Approved',
    text: 'Cordon rehearses the plan once more and acts if it still comes out the same. If it does not, you are asked again.',
  },
  denied: {
    status: 200,
    title: 'Denied',
    text: 'Nothing is done, the case is closed, and everyone is told that you decided so.',
  },
  'one-more-needed': {
    status: 200,
    title: 'Your approval counts; one more is needed',
    text: 'Two different people must agree. Nothing is done until the second has.',
  },
  'no-such-approval': {
    status: 404,
    title: 'Nobody is asked about this case',
    text: 'There is no such case, or it does not wait for people. Nothing was done.',
  },
  expired: {
    status: 410,
    title: 'Too late',
    text: 'The time to answer has run out. Nothing was done by this answer; the case says what became of it.',
  },
  'plan-changed': {
    status: 409,
    title: 'The plan has changed',
    text: 'What this link asks about is no longer what would be done. Nothing was done by this answer; use the link in the newest message.',
  },
  'no-approver': {
    status: 403,
    title: 'You are not among the approvers',
    text: 'Nothing was done. The deployment’s configuration lists who may answer.',
  },
  'answered-already': {
    status: 409,
    title: 'You have answered already',
    text: 'An answer counts once. Nothing further was done.',
  },
  'decided-already': {
    status: 409,
    title: 'This is decided already',
    text: 'Nothing was done by this answer; the case says who decided.',
  },
  'no-link': {
    status: 400,
    title: 'This is no whole link',
    text: 'A part of it is missing, as when a mail program breaks a line. Copy it whole, or answer by command line. Nothing was done.',
  },
  'not-signed': {
    status: 403,
    title: 'This link does not hold',
    text: 'It was changed, belongs to another case, or a newer one has been sent since. Nothing was done.',
  },
  'no-decision': {
    status: 400,
    title: 'No answer was given',
    text: 'Open the link again and choose one of the two. Nothing was done.',
  },
  'wrong-method': { status: 405, title: 'Not here', text: 'Nothing was done.' },
};
