/**
 * Words of a stranger, fit for any output: printable ASCII without markup, at most `most` long.
 *
 * What CloudTrail tells was partly chosen by the intruder: session names, user agents, tags. Every
 * other character becomes its JSON escape, so that nothing is lost and nothing is acted on: no
 * markup, no terminal code, no text that runs backwards, no mention that a chat tool would expand.
 */
export const plainText = (text: string, most: number): string =>
  text
    .slice(0, most)
    .replaceAll(/[^ -~]|[<>&`]/g, (odd) => `\\u${odd.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .slice(0, most);
