import type { Context } from 'aws-lambda';
import type { Wiring } from './lambda.ts';

export async function wiringFrom(_context: Context): Promise<Wiring> {
  throw new Error('not yet');
}
