namespace KVCluster.Grains.Tests.Sessions;

public sealed class TurnLogTests
{
    private static readonly SessionId Id = SessionId.Of("t", "s");

    [Fact]
    public void A_session_that_was_never_created_is_not_found()
    {
        var log = new TurnLog(Id, new SessionState());
        Assert.Throws<SessionNotFoundException>(() => log.Admit(null, null));
    }

    [Fact]
    public void A_closed_session_takes_no_turn()
    {
        var log = new TurnLog(Id, Open() with { IsClosed = true });
        Assert.Throws<SessionClosedException>(() => log.Admit(null, null));
    }

    [Fact]
    public void One_turn_runs_at_a_time()
    {
        var log = new TurnLog(Id, Open());
        (TurnTicket? ticket, _) = log.Admit(null, null);
        Assert.Throws<SessionBusyException>(() => log.Admit(null, null));
        log.End(ticket!);
        Assert.NotNull(log.Admit(null, null).Ticket);
    }

    [Fact]
    public void A_ticket_of_a_turn_that_is_over_does_not_end_another()
    {
        var log = new TurnLog(Id, Open());
        TurnTicket first = log.Admit(null, null).Ticket!;
        log.End(first);
        TurnTicket second = log.Admit(null, null).Ticket!;
        log.End(first);
        Assert.Same(second, log.Running);
    }

    [Fact]
    public void A_turn_is_part_of_the_state_only_once_it_is_adopted()
    {
        var log = new TurnLog(Id, Open());
        TurnTicket ticket = log.Admit("k", "h").Ticket!;
        SessionState after = log.After(ticket, Outcome([1, 2], [3]));
        Assert.Equal(0, log.State.Count);
        log.Adopt(after);
        Assert.Equal([1, 2, 3], TokenBytes.Decode(log.State.Tokens, log.State.Count));
        Assert.Equal(1, log.State.Turns);
    }

    [Fact]
    public void The_same_request_is_answered_from_the_record()
    {
        TurnLog log = WithTurn("k", "h");
        (TurnTicket? ticket, TurnRecord? earlier) = log.Admit("k", "h");
        Assert.Null(ticket);
        Assert.Equal((0, 2, 1), (earlier!.Start, earlier.Prompt, earlier.Answer));
    }

    [Fact]
    public void The_record_is_read_while_another_turn_runs()
    {
        TurnLog log = WithTurn("k", "h");
        _ = log.Admit("other", "x");
        Assert.NotNull(log.Admit("k", "h").Earlier);
    }

    [Fact]
    public void A_key_with_another_request_is_a_conflict()
    {
        TurnLog log = WithTurn("k", "h");
        Assert.Throws<IdempotencyConflictException>(() => log.Admit("k", "other"));
        _ = log.Admit("running", "h");
        Assert.Throws<IdempotencyConflictException>(() => log.Admit("running", "other"));
        Assert.Throws<SessionBusyException>(() => log.Admit("running", "h"));
    }

    [Fact]
    public void As_many_turns_are_kept_as_said_and_the_history_stays_whole()
    {
        var log = new TurnLog(Id, Open());
        for (int i = 0; i < TurnLog.KeptTurns + 5; i++)
        {
            TurnTicket ticket = log.Admit($"k{i}", "h").Ticket!;
            log.Adopt(log.After(ticket, Outcome([i], [])));
            log.End(ticket);
        }

        Assert.Equal(TurnLog.KeptTurns, log.State.Recent.Length);
        Assert.Equal("k5", log.State.Recent[0].Key);
        Assert.Equal(TurnLog.KeptTurns + 5, log.State.Turns);
        Assert.Equal(Enumerable.Range(0, TurnLog.KeptTurns + 5), TokenBytes.Decode(log.State.Tokens, log.State.Count));
    }

    private static TurnLog WithTurn(string key, string hash)
    {
        var log = new TurnLog(Id, Open());
        TurnTicket ticket = log.Admit(key, hash).Ticket!;
        log.Adopt(log.After(ticket, Outcome([1, 2], [3])));
        log.End(ticket);
        return log;
    }

    private static SessionState Open() => new() { Epoch = 1 };

    private static TurnOutcome Outcome(int[] prompt, int[] answer) => new()
    {
        Prompt = prompt,
        Answer = answer,
        Finish = TurnFinish.EndToken,
        Node = "n",
        Ended = DateTimeOffset.UnixEpoch,
    };
}
