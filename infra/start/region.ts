import { TargetRegion } from '../../functions/shared/parse-guardduty.ts';
import { printable } from '../../replay/printable.ts';

/** What is wrong with what `--region` was given; undefined where it is a Region's name or left out. */
export const wrongRegion = (region: string | undefined): string | undefined =>
  region === undefined || TargetRegion.safeParse(region).success
    ? undefined
    : `--region: expected a Region, such as eu-west-1, found ${printable(region)}`;
