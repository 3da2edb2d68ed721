/** The steps of states that are not called like their step; any other's is told by its name. */
const calledOtherwise: Readonly<Record<string, string>> = {
  'Ask for approval': 'request-approval',
  'Contain the instance as well': 'start-playbook',
  'Deny the stolen session': 'revoke-role-sessions',
  'Keep the API history': 'check-history-query',
  'List what changed': 'list-changes',
  'Query the API history': 'start-history-query',
  'Record the principal': 'record-principal',
  'Record the role': 'record-principal',
  'Revoke the whole role': 'revoke-role-sessions',
  'Settle the approval': 'settle-approval',
  'Start its playbook': 'start-playbook',
  'Take back change': 'release-change',
  'Take the sequence apart': 'plan-attack-sequence',
  'Trace what the credentials did': 'trace-credentials',
  'Wait for the memory capture': 'await-memory-capture',
  'Wait for the memory capture to begin': 'await-memory-capture',
};

/** The step that a state is to ask for, by the state's name alone: its Resource may be wrong. */
export function stepByName(state: string): string {
  if (state.startsWith('Tell a human ')) return 'tell-human';
  const plain = state.replace(/ (?:at once|in its turn|after the cut)/g, '');
  return calledOtherwise[state] ?? plain.toLowerCase().replaceAll(' ', '-');
}
