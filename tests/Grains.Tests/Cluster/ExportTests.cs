namespace KVCluster.Grains.Tests.Cluster;

/// <summary>Sessions carried from one id to another.</summary>
public sealed class ExportTests(NeedleModel needle) : ScriptedFixture(needle)
{
    [Fact]
    public async Task An_imported_session_answers_the_same_requests_from_the_record_and_goes_on()
    {
        (GrainCluster cluster, ISessionGrain session, _) = await OneAsync(new SessionOptions { Priority = 3 });
        await session.SayAsync([1, 2], key: "a");
        TurnResult last = await session.SayAsync([3], key: "b");
        ISessionGrain other = cluster.Session("other");

        SessionInfo info = await other.Import(await session.Export());
        TurnResult repeated = await other.SayAsync([3], key: "b");
        TurnResult next = await other.SayAsync([4]);

        Assert.Equal((2, last.TotalTokens, 3), (info.Turns, info.Tokens, info.Options.Priority));
        Assert.True(repeated.IsRepeated);
        Assert.Equal(last.Text, repeated.Text);
        Assert.Equal(last.TotalTokens, next.HistoryTokens);
        await session.HasHistoryAsync(Turns.Answered(Turns.Answered([], [1, 2], 4), [3], 4));
        await Assert.ThrowsAsync<IdempotencyConflictException>(() => other.SayAsync([9], key: "a"));
    }

    [Fact]
    public async Task Imported_again_it_is_the_same_until_it_goes_its_own_way()
    {
        (GrainCluster cluster, ISessionGrain session, _) = await OneAsync();
        await session.SayAsync([1]);
        SessionExport export = await session.Export();
        ISessionGrain other = cluster.Session("other");
        await other.Import(export);
        await other.Import(export);
        await other.SayAsync([2]);

        await Assert.ThrowsAsync<SessionExistsException>(() => other.Import(export));
        await other.Close();
        await Assert.ThrowsAsync<SessionClosedException>(() => other.Import(export));
    }

    [Fact]
    public async Task Another_models_session_is_refused_and_nothing_is_created()
    {
        (GrainCluster cluster, ISessionGrain session, _) = await OneAsync();
        await session.SayAsync([1]);
        SessionExport export = await session.Export();

        await Assert.ThrowsAsync<ModelMismatchException>(() => cluster.Session("x").Import(export with { Model = "another" }));
        await Assert.ThrowsAsync<InvalidRequestException>(() => cluster.Session("x").Import(export with { Tokens = [] }));
        await Assert.ThrowsAsync<InvalidRequestException>(() => cluster.Session("x").Import(null!));
        await Assert.ThrowsAsync<SessionNotFoundException>(() => cluster.Session("x").Describe());
    }

    [Fact]
    public async Task The_last_turns_are_found_by_their_number()
    {
        (_, ISessionGrain session, _) = await OneAsync();
        for (int i = 0; i < TurnLog.KeptTurns + 3; i++)
        {
            await session.SayAsync([1], answer: 1);
        }

        RecentTurns recent = await session.ReadTurns();

        Assert.Equal((3, TurnLog.KeptTurns), (recent.First, recent.Turns.Length));
        Assert.Null(recent.Find(2));
        Assert.Equal(8, recent.Find(3)!.End);
        Assert.Equal((await session.Describe()).Tokens, recent.Find(66)!.End);
        Assert.Null(recent.Find(67));
    }
}
