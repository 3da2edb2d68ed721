import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CaptureValues,
  captureDocument,
  documentName,
} from '../../functions/start-memory-capture/capture-document.ts';
import { commandOf } from './capture-command.ts';

const values: CaptureValues = {
  CaseId: 'case-0123456789',
  VolumeId: 'vol-0eeeeeeeeeeeeeee1',
  VolumeBytes: '4194304',
  DeviceName: '/dev/sdf',
  ToolUrl:
    'https://tools.s3.eu-west-1.amazonaws.com/a%27b/avml?X-Amz-Credential=AKIA%2F20260301&X-Amz-Signature=5ec2e7',
  ToolSha256: 'a'.repeat(64),
  LeastBytes: '2097152',
};
const names = Object.keys(values) as (keyof CaptureValues)[];
const both = ['linux', 'windows'] as const;

const textOf = (platform: (typeof both)[number], differs: Partial<CaptureValues> = {}) =>
  commandOf(
    captureDocument(platform),
    Object.fromEntries(
      Object.entries({ ...values, ...differs }).map(([name, value]) => [name, [value]]),
    ),
  );

describe('the capture document', () => {
  it.each(both)('for %s is one that SSM takes, with every value a string', (platform) => {
    const document = captureDocument(platform);
    expect(Object.keys(document.parameters)).toEqual([...names, 'executionTimeout']);
    expect(document.mainSteps).toHaveLength(1);
    const text = JSON.stringify(document);
    // https://docs.aws.amazon.com/general/latest/gr/ssm.html: 64 KB.
    expect(text.length).toBeLessThan(64 * 1024);
    JSON.parse(text, (_member, value: unknown) => {
      if (typeof value !== 'object') expect(typeof value).toBe('string');
    });
    expect(documentName('prod', platform)).toMatch(/^[a-zA-Z0-9_.-]{3,128}$/);
  });

  it.each(both)('for %s has SSM fill in each parameter once, and nothing else', (platform) => {
    const text = JSON.stringify(captureDocument(platform));
    const filled = [...text.matchAll(/{{ ?([^}]*?) ?}}/g)].map(([, name]) => name);
    expect(filled.sort()).toEqual([...names, 'executionTimeout'].sort());
  });

  it('puts every value in front of the script as a quoted literal', () => {
    expect(textOf('linux').split('\n').slice(0, 9)).toEqual([
      '#!/bin/bash',
      "CASE_ID='case-0123456789'",
      "VOLUME_ID='vol-0eeeeeeeeeeeeeee1'",
      "VOLUME_BYTES='4194304'",
      "DEVICE_NAME='/dev/sdf'",
      `TOOL_URL='${values.ToolUrl}'`,
      `TOOL_SHA256='${'a'.repeat(64)}'`,
      "LEAST_BYTES='2097152'",
      '#!/bin/bash',
    ]);
    expect(textOf('windows').split('\n')[4]).toBe(`$ToolUrl = '${values.ToolUrl}'`);
  });

  it.each(names)('lets nothing through as %s that could leave its quotes', (name) => {
    const trick = fc.constantFrom(
      "'",
      '"',
      '`',
      '$',
      '\\',
      '\n',
      '\r',
      ';',
      '{{',
      '}}',
      '\u2019',
      '\0',
    );
    const value = values[name];
    const property = fc.property(fc.nat(value.length), trick, (at, odd) => {
      const tricked = value.slice(0, at) + odd + value.slice(at);
      // Where a pattern ends in `$`, engines differ over one last line's end; none is a quote.
      fc.pre(!(at === value.length && odd === '\n'));
      expect(() => textOf('linux', { [name]: tricked })).toThrow(`${name} is refused`);
    });
    fc.assert(property, { numRuns: 200, seed: 1 });
  });

  it.each([
    ['CaseId', ''],
    ['VolumeId', 'vol-0EEEEEEEEEEEEEEE1'],
    ['VolumeBytes', '0'],
    ['VolumeBytes', '4M'],
    ['DeviceName', '/dev/sda'],
    ['DeviceName', '/dev/sdf1'],
    ['ToolUrl', 'http://tools.s3.eu-west-1.amazonaws.com/avml?X-Amz-Signature=5ec2e7'],
    ['ToolUrl', 'https://tools.example.com/avml?X-Amz-Signature=5ec2e7'],
    ['ToolUrl', 'https://tools.s3.eu-west-1.amazonaws.com/avml'],
    ['ToolSha256', 'A'.repeat(64)],
    ['LeastBytes', '-1'],
    ['executionTimeout', '0'],
    ['executionTimeout', '86400'],
  ])('refuses as %s what is none: %s', (name, value) => {
    expect(() => textOf('linux', { [name]: value })).toThrow(`${name} is refused`);
  });
});
