import { SETTING_KEYS } from './setting-keys.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Variables that Kubernetes makes in every pod of a namespace for a Service named `flinkprobe` or `flinkprobe-…` ("Service",
 * environment variables): they are nobody's options, though they begin as ours do.
 */
export function serviceVariables(environment: Variables): readonly string[] {
  const names = Object.keys(environment);
  const services = names.flatMap((name) => /^(FLINKPROBE(?:_\w+)?)_SERVICE_HOST$/.exec(name)?.[1] ?? []);
  return names.filter((name) =>
    services.some((one) => name.startsWith(one) && OF_SERVICE.test(name.slice(one.length))),
  );
}

const OF_SERVICE = /^_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/** `web.listen` as `FLINKPROBE_WEB_LISTEN`. */
export function variableOf(key: string): string {
  return `FLINKPROBE_${key.toUpperCase().replaceAll('.', '_')}`;
}

/** Settings of the daemon that no option of another command is named like: where it runs, others may be run, too. */
const OF_DAEMON: readonly string[] = SETTING_KEYS.map(({ key }) => key)
  .filter((key) => key.includes('.'))
  .map(variableOf);

/** Does something while commands other than the daemon do not see the variables that are not theirs. */
export function withoutForeign<Done>(environment: NodeJS.ProcessEnv, work: () => Done): Done {
  const hidden = [...serviceVariables(environment), ...OF_DAEMON.filter((name) => name in environment)];
  const held = hidden.map((name) => [name, environment[name]] as const);
  for (const name of hidden) delete environment[name];
  try {
    return work();
  } finally {
    for (const [name, value] of held) environment[name] = value;
  }
}
