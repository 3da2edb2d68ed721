import * as z from 'zod';
import { Region } from '../../functions/shared/ids.ts';

/** The Regions that no account has to opt in to. */
const enabledByDefault = [
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'ca-central-1',
  'eu-central-1',
  'eu-north-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'sa-east-1',
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
];

/** The Regions enabled in the account. Its own and us-east-1 are, whatever is stated. */
export const Regions = z.array(Region).default(enabledByDefault.map((code) => Region.parse(code)));
