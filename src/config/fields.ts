// The kinds of values that the local file is made of. Each takes the description that its documentation is generated from.
import { z } from 'zod';
import { Redacted } from '../core/model/redacted.ts';
import { booleanFromWord } from '../core/settings/boolean-word.ts';
import { durationMsFromText } from '../core/settings/quantity.ts';
import { isSettingMap } from '../core/settings/read-settings.ts';
import { type ListenAddresses, splitHostPort, splitListen } from './address.ts';
import type { HostPort } from './local-config.ts';
import { shellWords } from './shell-words.ts';

/** A key without a value counts as absent. */
function absentIfNull(value: unknown): unknown {
  return value === null ? undefined : value;
}

function complain(context: z.core.$RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}

/** A number or boolean where text belongs is read otherwise than it is written: 0123 is 83. */
function textMessage(input: unknown): string {
  if (input === undefined) return 'is required';
  const isScalar = typeof input === 'number' || typeof input === 'boolean';
  return isScalar ? 'must be text; put it in quotes' : 'must be text';
}

const requiredText = z.preprocess(
  absentIfNull,
  z.string({ error: ({ input }) => textMessage(input) }).min(1, { error: 'must not be empty' }),
);

export function text(description: string): z.ZodType<string> {
  return requiredText.describe(description);
}

/** Empty text counts as absent too. */
export function optionalText(description: string): z.ZodType<string | undefined> {
  return z
    .preprocess((value) => (value === '' ? undefined : absentIfNull(value)), requiredText.optional())
    .describe(description);
}

export function secret(description: string): z.ZodType<Redacted<string> | undefined> {
  return optionalText(description).transform((value) => (value === undefined ? undefined : new Redacted(value)));
}

export function requiredSecret(description: string): z.ZodType<Redacted<string>> {
  return text(description).transform((value) => new Redacted(value));
}

/** A program with its arguments, split as a shell would; no shell is involved when it runs. */
export function command(description: string): z.ZodType<readonly string[] | undefined> {
  return optionalText(description).transform((value, context) => {
    const words = value === undefined ? [] : shellWords(value);
    if (words === undefined) return complain(context, 'has a quote that is not closed');
    return words.length === 0 ? undefined : words;
  });
}

export function flag(description: string): z.ZodType<boolean | undefined> {
  return z
    .unknown()
    .optional()
    .transform((value, context) => {
      if (value === undefined || value === null) return undefined;
      return booleanFromWord(value) ?? complain(context, 'must be true or false');
    })
    .describe(description);
}

export function duration(description: string, minMs: number): z.ZodType<number | undefined> {
  return z
    .unknown()
    .optional()
    .transform((value, context) => {
      if (value === undefined || value === null) return undefined;
      const ms = durationMsFromText(value);
      if (ms === undefined) return complain(context, 'must be seconds, or a duration such as 1500ms or 5s');
      return ms >= minMs ? ms : complain(context, `must be at least ${minMs / 1000} s`);
    })
    .describe(description);
}

/** `host:port`; the port must be there. */
export function hostPort(description: string): z.ZodType<HostPort> {
  return requiredText
    .transform((value, context) => splitHostPort(value) ?? complain(context, 'must be host:port, the port 1 to 65535'))
    .describe(description);
}

/** `h1,h2:port`. */
export function listen(description: string): z.ZodType<ListenAddresses> {
  return requiredText
    .transform((value, context) => {
      const split = splitListen(value);
      if (split === undefined) return complain(context, 'must be addresses and a port from 1 to 65535');
      const isMixed = split.addresses.length > 1 && split.addresses.includes('*');
      return isMixed ? complain(context, '* must stand alone') : split;
    })
    .describe(description);
}

/** A whole path, since the agent and PostgreSQL need not work in the same directory. Without slashes at the end. */
export function directory(description: string): z.ZodType<string> {
  return requiredText
    .transform((value, context) => {
      if (!value.startsWith('/')) return complain(context, 'must be a whole path, beginning with /');
      const plain = value.replace(/\/+$/, '');
      return plain === '' ? complain(context, 'must not be the root directory') : plain;
    })
    .describe(description);
}

export function optionalHostPort(description: string): z.ZodType<HostPort | undefined> {
  return z.preprocess(absentIfNull, hostPort(description).optional()).describe(description);
}

export function lines(description: string): z.ZodType<readonly string[] | undefined> {
  const line = z.string({ error: 'must be a line of text' });
  const list = z.array(line, { error: 'must be a list of lines' }).min(1, { error: 'must not be an empty list' });
  return z.preprocess(absentIfNull, list.optional()).describe(description);
}

/** A map whose keys are the user's own. */
export function freeMap(description: string): z.ZodType<Readonly<Record<string, unknown>>> {
  return z
    .unknown()
    .optional()
    .transform((value, context) => {
      if (value === undefined || value === null) return {};
      return isSettingMap(value) ? value : complain(context, 'must be a map');
    })
    .describe(description);
}

/** A section of the file. Keys that it does not name are looked at elsewhere. */
export function section<Shape extends z.core.$ZodLooseShape>(description: string, shape: Shape) {
  const required = z.object(shape, {
    error: ({ input }) => (input === undefined ? 'is required' : 'must be a map'),
  });
  return z.preprocess(absentIfNull, required).describe(description);
}

export function optionalSection<Shape extends z.core.$ZodLooseShape>(description: string, shape: Shape) {
  return z.preprocess(absentIfNull, z.object(shape, { error: 'must be a map' }).optional()).describe(description);
}
