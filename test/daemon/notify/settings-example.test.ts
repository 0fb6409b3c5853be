import t from 'tap';
import { parseSettings } from '../../../src/cli/settings-file.ts';
import { settingsOf } from '../../../src/daemon/settings-values.ts';
import { codeBlocks } from '../../support/markdown.ts';
import { read } from '../../support/repository.ts';

t.test('the sinks of docs/alerts.md are settings', async (t) => {
  const [example] = codeBlocks(read('docs/alerts.md')).filter(({ language }) => language === 'yaml');
  const text = `version: 1\nclusters: [{ name: prod, rest: { url: "http://127.0.0.1:8081" } }]\n${example!.lines.join('\n')}\n`;
  const { notify } = settingsOf(parseSettings(text, 'example.yaml'), { folder: '/etc', stateFolder: '/var/lib' });
  t.strictSame(
    notify.map(({ type }) => type),
    ['alertmanager', 'webhook', 'pagerduty', 'slack', 'exec'],
  );
});
