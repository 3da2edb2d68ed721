import { writeFileSync } from 'node:fs';
import { manifestSchema } from './manifest-schema.ts';

/** `npm run schema`: writes the manifest's schema anew, after its declaration has changed. */
const file = new URL('../../docs/evidence-manifest.schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(manifestSchema(), null, 2)}\n`);
