import fc from 'fast-check';
import t from 'tap';
import { isAllowedPath, type RestPath, taskManagerPath } from '../../src/net/flink-rest-paths.ts';
import { clusterAnswers } from '../support/flink-rest-server.ts';
import { asking, faultOf } from './flink-rest-asking.ts';

const JOB = '243747bd3225e856fc1d6432daaecd4a';

t.test('no other path is ever sent', async (t) => {
  const harmful = [
    `/jobs/${JOB}/yarn-cancel`,
    `/jobs/${JOB}/yarn-stop`,
    `/jobs/${JOB}/checkpoints/../yarn-cancel`,
    `/jobs/${JOB}/checkpoints/config/../../yarn-cancel`,
    `/jobs/${JOB}/yarn-cancel?/checkpoints`,
    `/jobs/${JOB}/yarn-cancel#/checkpoints`,
    `/jobs/${JOB}%2Fyarn-cancel/checkpoints`,
    '/jobs//yarn-cancel/checkpoints',
    `/jobs/${JOB}`,
    '/jobs',
    '/jars',
    '/jars/upload',
    '/jobmanager/logs',
    '/jobmanager/log/',
    '/jobmanager/stdout',
    '/jobmanager/logs/..%252f..%252fetc%252fpasswd',
    '/taskmanagers/tm1/logs',
    '/taskmanagers/tm1/stdout',
    '/taskmanagers/tm1/thread-dump',
    '/taskmanagers/../log',
    '/taskmanagers/./log',
    '/taskmanagers/tm1/log/../../jobs',
    '/taskmanagers/..',
    '/taskmanagers/.',
    '/taskmanagers/../jobs/x/yarn-stop',
    '/taskmanagers/%2e%2e',
    '/taskmanagers/a%2Fb',
    '/taskmanagers/',
    '/cluster',
    '/config/',
    '/config?x=1',
    '/CONFIG',
    '//config',
    '/config HTTP/1.1\r\nX: y',
    '',
  ];
  await asking(clusterAnswers('off'), async (rest, server) => {
    for (const path of harmful) {
      const failure = await faultOf(rest.get(path as RestPath));
      t.equal(failure.fault, 'bad-access', path);
    }
    for (const id of [`${'0'.repeat(31)}`, '../overview', `${JOB}/yarn-cancel?`]) {
      t.equal((await faultOf(rest.checkpoints(id))).fault, 'bad-access', id);
      t.equal((await faultOf(rest.checkpointConfig(id))).fault, 'bad-access', id);
    }
    t.strictSame(server.asked, [], 'the server saw nothing');
  });
});

t.test('the path of a TaskManager is one segment, or none at all', (t) => {
  t.equal(taskManagerPath('10.0.0.7:41321-1f2e3d'), '/taskmanagers/10.0.0.7%3A41321-1f2e3d');
  t.ok(isAllowedPath(taskManagerPath('container_e01_000002(host:8041)')));
  fc.assert(
    fc.property(fc.string({ maxLength: 60, unit: 'grapheme' }), (id) => {
      const path = taskManagerPath(id);
      if (!isAllowedPath(path)) return;
      t.equal(new URL(path, 'http://jm').pathname.split('/').length, 3, path);
      t.ok(new URL(path, 'http://jm').pathname.startsWith('/taskmanagers/'), path);
    }),
  );
  t.end();
});
