/** What every process says of itself. */
import * as v from 'valibot';
import { named, operation } from './operation.ts';

const tag = 'Server';

export const livez = operation({
  id: 'livez',
  tag,
  summary: 'Whether the process lives',
  answers: {
    200: { description: 'It does.', schema: v.object({ ok: v.literal(true) }), example: { ok: true } },
  },
});

const Readiness = named(
  'Readiness',
  v.object({
    ok: v.boolean(),
    checks: v.array(v.object({ name: v.string(), ok: v.boolean(), detail: v.optional(v.string()) })),
  }),
);

export const readyz = operation({
  id: 'readyz',
  tag,
  summary: 'Whether the process can serve',
  description: 'It has started, and its databases answer. A missing broker does not count.',
  answers: {
    200: {
      description: 'It can.',
      schema: Readiness,
      example: { ok: true, checks: [{ name: 'started', ok: true }] },
    },
    503: {
      description: 'It cannot.',
      schema: Readiness,
      example: { ok: false, checks: [{ name: 'order', ok: false, detail: 'its database does not answer' }] },
    },
  },
});

export const metrics = operation({
  id: 'metrics',
  tag,
  summary: 'Everything counted, for Prometheus',
  answers: {
    200: {
      description: 'The text format of Prometheus.',
      type: 'text/plain',
      schema: v.string(),
      example:
        '# HELP broker_ready 1: connected, and not blocked.\n# TYPE broker_ready gauge\nbroker_ready{module="order"} 1\n',
    },
  },
});

const markdown = (description: string, example: string) => ({
  200: { description, type: 'text/markdown', schema: v.string(), example },
});

export const listProblems = operation({
  id: 'listProblems',
  tag,
  summary: 'Every kind of error',
  answers: markdown('All of them.', '# Problems\n'),
});

export const findProblem = operation({
  id: 'findProblem',
  tag,
  summary: 'A kind of error: where the `type` of a problem leads',
  answers: markdown('When it is met, and what to do.', '## forbidden\n\n403: This is not allowed.\n'),
});

export const openApi = operation({
  id: 'openApi',
  tag,
  summary: 'This document',
  answers: {
    200: {
      description: 'What this process serves, as OpenAPI 3.1.',
      schema: v.objectWithRest({ openapi: v.string() }, v.unknown()),
      example: { openapi: '3.1.0' },
    },
  },
});

export const asyncApi = operation({
  id: 'asyncApi',
  tag,
  summary: 'The messages between the modules',
  answers: {
    200: {
      description: 'What the modules of this process say and take, as AsyncAPI 3.0.',
      schema: v.objectWithRest({ asyncapi: v.string() }, v.unknown()),
      example: { asyncapi: '3.0.0' },
    },
  },
});

export const docsPage = operation({
  id: 'docs',
  tag,
  summary: 'This document as a page to read and to try',
  answers: {
    200: { description: 'A page.', type: 'text/html', schema: v.string(), example: '<!doctype html>' },
  },
  problems: ['not_found'],
});

export const docsFile = operation({
  id: 'docsFile',
  tag,
  summary: 'What that page is made of',
  answers: {
    200: {
      description: 'A script or a style sheet.',
      type: ['text/css', 'text/javascript'],
      schema: v.string(),
      example: '',
    },
  },
});
