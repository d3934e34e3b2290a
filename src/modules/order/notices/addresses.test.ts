import { describe, expect, test } from 'vitest';
import { createAddresses } from './addresses.ts';

describe('without a word from the operator', () => {
  const addresses = createAddresses([]);

  test.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:a00:1',
    '::ffff:8.8.8.8',
    '64:ff9b::a00:1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    'not an address',
  ])('%s is not public', (address) => {
    expect(addresses.isPublic(address)).toBe(false);
    expect(addresses.isAllowed(address)).toBe(false);
  });

  test.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111', '2001:4860:4860::8888'])(
    '%s is public',
    (address) => expect(addresses.isPublic(address)).toBe(true),
  );
});

test('what is allowed by name is, and only that', () => {
  const addresses = createAddresses(['10.1.0.0/16', '127.0.0.1/32', 'fd00::/8']);
  for (const address of ['10.1.2.3', '127.0.0.1', '::ffff:127.0.0.1', 'fd12::1'])
    expect(addresses.isAllowed(address)).toBe(true);
  for (const address of ['10.2.0.1', '127.0.0.2', 'fc00::1', '8.8.8.8'])
    expect(addresses.isAllowed(address)).toBe(false);
});
