/** A case of each playbook that answers findings, by its folder in `events/`. */
export const oneOfEach: readonly string[] = [
  'command-and-control-from-web-server',
  'leaked-key-led-to-three-roles',
  'instance-credentials-used-outside-aws',
  'attack-sequence-on-instance-key-and-bucket',
];
