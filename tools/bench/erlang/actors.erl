%% The peer of the rows in tools/bench/rows/erlang.ts: the same work, timed inside.
%% Reads one command a line from standard input, "name count", and answers with a line of numbers, nanoseconds.
-module(actors).
-export([main/0]).
-export([start_child/0, init_child/1]).
%% Callbacks of the supervisor and of the gen_server.
-export([init/1, handle_call/3, handle_cast/2]).

main() ->
    logger:set_primary_config(level, none),
    loop().

loop() ->
    case io:get_line("") of
        eof -> halt(0);
        Line ->
            [Name, Count] = string:lexemes(string:trim(Line), " "),
            Numbers = run(list_to_atom(Name), list_to_integer(Count)),
            io:put_chars([lists:join(" ", [number(N) || N <- Numbers]), "\n"]),
            loop()
    end.

number(N) when is_integer(N) -> integer_to_list(N);
number(N) -> float_to_list(N, [{decimals, 3}]).

now_ns() -> erlang:monotonic_time(nanosecond).

%% A round in a process of its own, so that no round inherits the heap of another.
run(Name, Count) ->
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() -> Self ! {done, self(), round(Name, Count)} end),
    receive
        {done, Pid, Numbers} -> receive {'DOWN', Ref, process, Pid, _} -> Numbers end;
        {'DOWN', Ref, process, Pid, Reason} -> error(Reason)
    end.

%% ns per message: 1,000 sends, then all handled (the receiver says so), Count times.
round('one-way', Count) ->
    Receiver = spawn(fun() -> quote(0, 0) end),
    Messages = [{tick, N} || N <- lists:seq(0, 999)],
    Begun = now_ns(),
    one_way(Count, Receiver, Messages),
    Ns = now_ns() - Begun,
    exit(Receiver, kill),
    [Ns / (Count * 1000)];

%% ns per message: two processes pass one message to and fro, Count times each way.
round('ping-pong', Count) ->
    Self = self(),
    Pong = spawn(fun pong/0),
    Ping = spawn(fun() -> receive go -> ok end, ping(Count, Pong), Self ! finished end),
    Begun = now_ns(),
    Ping ! go,
    receive finished -> ok end,
    Ns = now_ns() - Begun,
    exit(Pong, kill),
    [Ns / (2 * Count)];

%% ns per process: spawned, monitored, stopped by an exit signal, its DOWN received; and the same with a message that ends it.
round('spawn-stop', Count) ->
    Begun = now_ns(),
    spawn_stop(Count),
    Between = now_ns(),
    spawn_message(Count),
    [(Between - Begun) / Count, (now_ns() - Between) / Count];

%% ns per gen_server:call.
round('ask', Count) ->
    {ok, Server} = gen_server:start(?MODULE, server, []),
    Begun = now_ns(),
    ask(Count, Server),
    Ns = now_ns() - Begun,
    exit(Server, kill),
    [Ns / Count];

%% p50 and p99, us, from the kill to the new child having told that it is ready.
round('restart', Count) ->
    process_flag(trap_exit, true),
    register(watcher, self()),
    Times = lists:sort(supervised(Count, [])),
    unregister(watcher),
    [lists:nth(max(1, Count div 2), Times) / 1000, lists:nth(max(1, Count * 99 div 100), Times) / 1000];

%% Bytes per process that waits for a message.
round('bytes', Count) ->
    Before = erlang:memory(processes),
    Pids = [spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, Count)],
    After = erlang:memory(processes),
    [exit(Pid, kill) || Pid <- Pids],
    [(After - Before) / Count].

one_way(0, _, _) -> ok;
one_way(Batches, Receiver, Messages) ->
    send_all(Messages, Receiver),
    Receiver ! {drained, self()},
    receive drained -> ok end,
    one_way(Batches - 1, Receiver, Messages).

send_all([], _) -> ok;
send_all([Message | Rest], Receiver) ->
    Receiver ! Message,
    send_all(Rest, Receiver).

quote(Ticks, Bid) ->
    receive
        {tick, New} -> quote(Ticks + 1, New);
        {drained, From} -> From ! drained, quote(Ticks, Bid)
    end.

ping(0, _) -> ok;
ping(Count, Pong) ->
    Pong ! {ping, self()},
    receive pong -> ping(Count - 1, Pong) end.

pong() ->
    receive {ping, From} -> From ! pong, pong() end.

spawn_stop(0) -> ok;
spawn_stop(Count) ->
    {Pid, Ref} = spawn_monitor(fun() -> receive stop -> ok end end),
    exit(Pid, shutdown),
    receive {'DOWN', Ref, process, Pid, _} -> spawn_stop(Count - 1) end.

spawn_message(0) -> ok;
spawn_message(Count) ->
    {Pid, Ref} = spawn_monitor(fun() -> receive stop -> ok end end),
    Pid ! stop,
    receive {'DOWN', Ref, process, Pid, _} -> spawn_message(Count - 1) end.

ask(0, _) -> ok;
ask(Count, Server) ->
    Count = gen_server:call(Server, Count),
    ask(Count - 1, Server).

%% A fresh supervisor every 50 restarts: its list of restarts is walked at each one, and shall not be what is measured.
supervised(Count, Times) when Count =< 0 -> Times;
supervised(Count, Times) ->
    {ok, Supervisor} = supervisor:start_link(?MODULE, supervisor),
    First = receive {ready, Child} -> Child end,
    More = restarts(50, First, Times),
    unlink(Supervisor),
    Ref = monitor(process, Supervisor),
    exit(Supervisor, kill),
    receive {'DOWN', Ref, process, Supervisor, _} -> ok end,
    supervised(Count - 50, More).

restarts(0, _, Times) -> Times;
restarts(Count, Child, Times) ->
    Begun = now_ns(),
    exit(Child, kill),
    Next = receive {ready, New} -> New end,
    restarts(Count - 1, Next, [now_ns() - Begun | Times]).

init(server) -> {ok, 0};
init(supervisor) ->
    {ok, {#{strategy => one_for_one, intensity => 1000, period => 1}, [#{id => child, start => {?MODULE, start_child, []}}]}}.

handle_call(Value, _From, State) -> {reply, Value, State}.
handle_cast(_, State) -> {noreply, State}.

start_child() ->
    proc_lib:start_link(?MODULE, init_child, [self()]).

init_child(Parent) ->
    proc_lib:init_ack(Parent, {ok, self()}),
    watcher ! {ready, self()},
    receive stop -> ok end.
