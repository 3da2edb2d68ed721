import type { CaptureDocument } from '../../functions/start-memory-capture/capture-document.ts';

/**
 * The script that SSM has an agent run: a document's text with a command's parameters filled in.
 *
 * Throws where SSM would refuse the command: a value that its pattern does not match.
 */
export function commandOf(
  { parameters, mainSteps }: CaptureDocument,
  values: Readonly<Record<string, readonly string[]>>,
): string {
  const filled = new Map<string, string>();
  for (const [name, { allowedPattern, default: otherwise = '' }] of Object.entries(parameters)) {
    const value = values[name]?.[0] ?? otherwise;
    // The journal has its own word in place of the query of a presigned link.
    const asSent = value.replace('[redacted]', 'X-Amz-Signature=redacted');
    if (!new RegExp(allowedPattern).test(asSent)) throw new Error(`${name} is refused: ${value}`);
    filled.set(name, value);
  }
  // The one step that a capture document has.
  const [step] = mainSteps as { inputs: { runCommand: string[] } }[];
  const text = step?.inputs.runCommand.join('\n') ?? '';
  return text.replaceAll(/{{ (\w+) }}/g, (_, name: string) => filled.get(name) ?? '');
}
