import { fixedPort } from '../src/flink/rest-tls.ts';
import type { EffectiveConfiguration, Probe } from '../src/model/probe.ts';
import type { Expectation, Setting } from '../src/model/report.ts';
import { get } from '../src/protocols/asks.ts';
import { http } from '../src/protocols/http.ts';

/** `PrometheusReporter`, by factory or by class; the push gateway's reporter opens no port. */
const REPORTER = /\.prometheus\.PrometheusReporter(?:Factory)?$/;

function reporter(configuration: EffectiveConfiguration): Setting | undefined {
  return configuration
    .keys()
    .filter((key) => /^metrics\.reporter\.[^.]+\.(?:factory\.)?class$/.test(key))
    .map((key) => configuration.setting(key))
    .find((setting) => setting !== undefined && REPORTER.test(setting.value));
}

function port(configuration: EffectiveConfiguration): Setting | undefined {
  const name = reporter(configuration)?.key.split('.')[2];
  if (name === undefined) {
    return undefined;
  }
  const setting = configuration.settingOr(`metrics.reporter.${name}.port`, '9249');
  return fixedPort(setting) === undefined ? undefined : setting;
}

export const probe: Probe = {
  id: 'prometheus',
  title: 'Prometheus reporter',
  protection: 'never',
  component: 'taskmanager',
  carries:
    'Metrics with the names of jobs, tasks and hosts. The reporter has neither TLS nor a log-in and binds every address.',
  defaultPorts: [9249],
  settings: { port: ['metrics.reporter.prom.port'], tls: [] },
  remedy: {
    text: 'Let only the Prometheus server reach the port (network policy or firewall), or scrape through a TLS proxy beside the process.',
    settings: {},
  },
  protocols: [http],
  ask: get('/metrics'),
  port,
  expect(configuration: EffectiveConfiguration): Expectation | undefined {
    const found = reporter(configuration);
    if (found === undefined) {
      return undefined;
    }
    const number = fixedPort(port(configuration));
    return {
      channel: 'prometheus',
      member: configuration.member,
      tls: 'impossible',
      clientAuthentication: 'none',
      basis: 'configuration',
      ...(number === undefined ? {} : { port: number }),
      because: [found],
    };
  },
};
