export function checkAgainstSchema(_call: string, _args: object): void {}
