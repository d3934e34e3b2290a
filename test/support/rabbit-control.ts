/**
 * A door into a private RabbitMQ node: `rabbitmqctl` starts an Erlang of its own for every word, a second of both cores, and the
 * tests have many. The node itself reads Erlang expressions from a loopback port instead, each with a secret before it.
 */
import { once } from 'node:events';
import { connect } from 'node:net';

export interface Control {
  readonly port: number;
  readonly secret: string;
}

/** Longer than a node takes to start its applications. */
const answerTimeoutMs = 60_000;

/** What the node evaluates when it starts, as a file for `-eval 'file:eval("...")'`. */
export const controlScript = ({ port, secret }: Control) => `
  Evaluate = fun (Text) ->
    {ok, Tokens, _} = erl_scan:string(binary_to_list(Text)),
    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
    {value, Value, _} = erl_eval:exprs(Expressions, []),
    {ok, Value}
  end,
  Answer = fun (Socket) ->
    {ok, <<"${secret}", Text/binary>>} = gen_tcp:recv(Socket, 0),
    Result = try Evaluate(Text) catch _:Reason -> {error, Reason} end,
    gen_tcp:send(Socket, io_lib:format("~0p", [Result])),
    gen_tcp:close(Socket)
  end,
  Serve = fun (Again, Listener) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    gen_tcp:controlling_process(Socket, spawn(fun () -> Answer(Socket) end)),
    Again(Again, Listener)
  end,
  spawn(fun () ->
    {ok, Listener} = gen_tcp:listen(${port}, [binary, {ip, {127, 0, 0, 1}}, {packet, 4}, {active, false}, {reuseaddr, true}]),
    Serve(Serve, Listener)
  end).
`;

/** Has a node evaluate Erlang expressions, as `rabbit:stop().`, and returns what comes out. */
export async function tell({ port, secret }: Control, expressions: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(answerTimeoutMs, () => socket.destroy(new Error('the RabbitMQ node does not answer')));
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  const text = Buffer.from(`${secret}${expressions}`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  socket.write(Buffer.concat([length, text]));
  await once(socket, 'close');
  const answer = Buffer.concat(chunks).subarray(4).toString();
  if (!answer.startsWith('{ok,')) throw new Error(`${expressions} answered ${answer || 'nothing'}`);
  return answer.slice('{ok,'.length, -1);
}

/** Makes a virtual host, in which a shop is alone; guests may do all. */
export const addVhost = (control: Control, name: string) =>
  tell(
    control,
    `ok = rabbit_vhost:add(<<"${name}">>, <<"test">>),
     ok = rabbit_auth_backend_internal:set_permissions(<<"guest">>, <<"${name}">>, <<".*">>, <<".*">>, <<".*">>, <<"test">>).`,
  );
