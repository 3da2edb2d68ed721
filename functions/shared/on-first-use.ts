/** Makes something when it is first asked for; what could not be made is tried again. */
export function onFirstUse<T>(make: () => Promise<T>): () => Promise<T> {
  let made: T | undefined;
  return async () => {
    made ??= await make();
    return made;
  };
}
