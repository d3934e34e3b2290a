/** What the program says to its operator: one line for one event, JSON for machines, plain where a person watches. */

export type Level = 'info' | 'warn' | 'error';
export type Log = (level: Level, event: string, fields?: Readonly<Record<string, unknown>>) => void;

/** A log that writes lines with `write`. `format`: `json` (one object a line) or `text`. Errors are told without a query's parameters. */
export function createLog(write: (line: string) => void, format: 'json' | 'text'): Log {
  return (level, event, fields = {}) => {
    const time = new Date().toISOString();
    const told = Object.fromEntries(
      Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, tell(value)]),
    );
    if (format === 'json') write(JSON.stringify({ time, level, event, ...told }));
    else {
      const rest = Object.entries(told).map(
        ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
      write(
        [time.slice(11, 23), level === 'info' ? '' : level.toUpperCase(), event, ...rest]
          .filter(Boolean)
          .join(' '),
      );
    }
  };
}

/** An error as what it says and where it comes from; the driver hangs the query and its parameters on it, they stay out. */
function tell(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const code = 'code' in value && typeof value.code === 'string' ? ` (${value.code})` : '';
  // Several attempts in one: an AggregateError has no message of its own.
  const message = value.message || (value instanceof AggregateError ? String(value.errors[0]?.message) : '');
  return `${value.name}: ${message}${code}`;
}
