/** asl-validator ships no types. Writes `QueryLanguage` into the states of what it is given. */
declare module 'asl-validator' {
  export default function validate(definition: object): {
    isValid: boolean;
    errorsText(separator?: string): string;
  };
}
