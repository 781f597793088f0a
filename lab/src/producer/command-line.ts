import { parseArgs } from 'node:util';
import { TandemError } from '@tandem/shared';

/** One option of a command: `value` is what stands for its value in the help; options without one are switches. */
export type Option = { readonly value?: string; readonly does: string };
export type Options = Readonly<Record<string, Option>>;

export type CommandLine = {
  readonly positionals: readonly string[];
  /** Values by option name, without the dashes. A switch that was given has the value "true". */
  readonly given: Readonly<Record<string, string>>;
};

/** Reads the arguments after the command's name. Throws `configuration-invalid` for an unknown or incomplete option. */
export function readCommandLine(argv: readonly string[], options: Options): CommandLine {
  const { tokens, positionals } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { value }]) => [name, { type: value ? 'string' : 'boolean' } as const]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given: Record<string, string> = {};
  for (const token of tokens) {
    if (token.kind === 'option')
      given[token.name] = optionValue(token.rawName, token.value, options[token.name], options);
  }
  return { positionals, given };
}

function optionValue(rawName: string, value: string | undefined, option: Option | undefined, options: Options): string {
  if (option === undefined) refuse(`found the option ${rawName}`, `${optionNames(options)}; --help says more`);
  if (option.value === undefined) {
    if (value !== undefined) refuse(`${rawName}: found the value ${JSON.stringify(value)}`, 'none: it is a switch');
    return 'true';
  }
  if (value === undefined || value === '' || value.startsWith('--')) {
    refuse(`${rawName}: found no value`, `${rawName} ${option.value}`);
  }
  return value;
}

/** A whole number option between two bounds (both inclusive), or its default. */
export function integerOption(
  { given }: CommandLine,
  name: string,
  bounds: { readonly min: number; readonly max: number; readonly default: number },
): number {
  const text = given[name];
  if (text === undefined) return bounds.default;
  const value = Number(text);
  if (/^-?\d+$/.test(text) && value >= bounds.min && value <= bounds.max) return value;
  refuse(`--${name}: found ${JSON.stringify(text)}`, `a whole number from ${bounds.min} to ${bounds.max}`);
}

/** A probability option (0 to 1, both inclusive), or 0. */
export function probabilityOption({ given }: CommandLine, name: string): number {
  const text = given[name] ?? '0';
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  refuse(`--${name}: found ${JSON.stringify(text)}`, 'a probability from 0 to 1, like 0.01');
}

/** An http address option, or its default. */
export function urlOption({ given }: CommandLine, name: string, otherwise: string): URL {
  const text = given[name] ?? otherwise;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  refuse(`--${name}: found ${JSON.stringify(text)}`, `an http address, like ${otherwise}`);
}

/** The options as lines of a help text. */
export function describeOptions(options: Options): string {
  const names = Object.entries(options).map(([name, { value }]) => `--${name}${value ? ` ${value}` : ''}`);
  const width = Math.max(...names.map((name) => name.length));
  return Object.values(options)
    .map(({ does }, index) => `  ${(names[index] ?? '').padEnd(width)}  ${does}`)
    .join('\n');
}

export function refuse(found: string, allowed: string): never {
  throw new TandemError('configuration-invalid', `${found}; allowed: ${allowed}`);
}

function optionNames(options: Options): string {
  return Object.keys(options)
    .map((name) => `--${name}`)
    .join(', ');
}
