/** What the capture scripts mean by the code they exit with. Both scripts use the same. */
export const exitCodes: Readonly<Record<number, string>> = {
  10: 'disk-not-found',
  11: 'wrong-disk-size',
  12: 'disk-not-blank',
  13: 'format-failed',
  14: 'mount-failed',
  15: 'tool-not-fetched',
  16: 'wrong-checksum',
  17: 'tool-failed',
  18: 'volume-full',
  19: 'image-too-small',
  20: 'not-closed',
  21: 'command-missing',
  22: 'wrong-parameters',
};
