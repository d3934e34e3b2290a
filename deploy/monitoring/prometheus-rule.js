// Writes alerts.yml once more, as the PrometheusRule that Kubernetes wants it to be: neither kustomize nor Prometheus can read the other's
// form. `npm run alerts`; test/long/monitoring.long.test.ts fails where the two differ.
import { readFileSync, writeFileSync } from 'node:fs';

const rules = readFileSync(new URL('alerts.yml', import.meta.url), 'utf8');
const indented = rules.slice(rules.indexOf('groups:')).replace(/^(?=.)/gm, '  ');

writeFileSync(
  new URL('../kubernetes/components/monitoring/prometheus-rule.yaml', import.meta.url),
  `# Made of deploy/monitoring/alerts.yml by \`npm run alerts\`: change it there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: order-saga
spec:
${indented}`,
);
