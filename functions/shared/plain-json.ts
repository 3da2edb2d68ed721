import { inside, type Place } from './place.ts';
import { UnusableInputError } from './unusable-input.ts';

/** Deeper than any finding (an attack sequence has about 12), far less than the stack holds. */
export const mostLevels = 64;

const unsafe: ReadonlySet<string> = new Set(['__proto__', 'constructor']);

/** Whether a member of this name could reach an object's prototype when it is copied carelessly. */
export const isUnsafe = (member: string): boolean => unsafe.has(member);

/**
 * Refuses parsed JSON that is nested too deep or has members named `__proto__` or `constructor`,
 * anywhere. Done once, before anything walks or copies the document.
 */
export function refuseUnsafe(document: unknown, place: Place): void {
  const left: { value: unknown; at: Place; level: number }[] = [
    { value: document, at: place, level: 0 },
  ];
  for (let next = left.pop(); next; next = left.pop()) {
    const { value, at, level } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (level >= mostLevels) {
      throw new UnusableInputError(`${place.path}: expected at most ${mostLevels} levels of JSON`);
    }
    const isList = Array.isArray(value);
    for (const [member, inner] of Object.entries(value)) {
      if (!isList && isUnsafe(member)) {
        throw new UnusableInputError(`${inside(at, member).path}: expected no member of this name`);
      }
      if (typeof inner !== 'object' || inner === null) continue;
      const where = inside(at, isList ? Number(member) : member);
      left.push({ value: inner, at: where, level: level + 1 });
    }
  }
}
