import * as z from 'zod';
import { Manifest } from '../../functions/shared/evidence-manifest.ts';

/** The manifest's schema as `docs/evidence-manifest.schema.json` publishes it (JSON Schema 2020-12). */
export const manifestSchema = (): object => ({
  ...z.toJSONSchema(Manifest, { target: 'draft-2020-12' }),
  title: "Manifest of a Cordon case's evidence",
});
