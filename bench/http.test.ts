import { expect, test } from 'vitest';
import { postRequest, readAnswer } from './http.ts';

const answer = 'HTTP/1.1 201 Created\r\nLocation: /orders/1\r\nContent-Length: 13\r\n\r\n{"name":"ü"}';

test('an answer is its status and its body, however its headers are written', () => {
  const bytes = Buffer.from(answer);
  expect(readAnswer(bytes)).toEqual({ status: 201, body: '{"name":"ü"}', bytes: bytes.length });
});

test('what has not arrived whole is none yet, wherever it was cut', () => {
  const bytes = Buffer.from(answer);
  for (let cut = 0; cut < bytes.length; cut += 1) expect(readAnswer(bytes.subarray(0, cut))).toBeUndefined();
});

test('what comes after an answer is told by its length', () => {
  const bytes = Buffer.from(answer);
  expect(readAnswer(Buffer.concat([bytes, bytes]))?.bytes).toBe(bytes.length);
});

test('an answer that it cannot read is a failure, not a number', () => {
  const chunked = Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n');
  expect(() => readAnswer(chunked)).toThrow('content-length');
});

test('a request says how long its body is, in bytes', () => {
  expect(postRequest('http://127.0.0.1:3000/orders', '{"a":"ü"}').toString()).toBe(
    'POST /orders HTTP/1.1\r\nhost: 127.0.0.1:3000\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{"a":"ü"}',
  );
});
