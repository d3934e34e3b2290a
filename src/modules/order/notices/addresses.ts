/** Which addresses a webhook may reach: the public internet, and what the operator has allowed by name. */
import { BlockList, isIP } from 'node:net';

/** https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-: whatever is not for everybody's packets. */
const notPublic4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];
/** The rest of IPv6 is not global at all. */
const global6 = ['2000::/3'];
/** Within it: Teredo and other protocols, documentation, and 6to4, which would carry an IPv4 address past the list above. */
const notPublic6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const closed4 = listOf(notPublic4);
const open6 = listOf(global6);
const closed6 = listOf(notPublic6);

export interface Addresses {
  /** In a network that the operator has allowed. */
  isAllowed(address: string): boolean;
  /** Everybody's internet. */
  isPublic(address: string): boolean;
}

/** `networks`: in CIDR notation, as `10.0.0.0/8`; see `isNetwork`. */
export function createAddresses(networks: readonly string[]): Addresses {
  const allowed = listOf(networks);
  return {
    isAllowed: (address) => within(allowed, address),
    isPublic(address) {
      const family = isIP(address);
      if (family === 4) return !within(closed4, address);
      return family === 6 && within(open6, address) && !within(closed6, address);
    },
  };
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** An IPv4 address in the dress of IPv6 is found among those of IPv4 too. */
function within(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}
