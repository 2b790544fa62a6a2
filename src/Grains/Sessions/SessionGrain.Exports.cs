namespace KVCluster.Grains;

/// <content>The session as something that can be carried away.</content>
internal sealed partial class SessionGrain
{
    /// <inheritdoc/>
    public Task<RecentTurns> ReadTurns(CancellationToken cancellationToken)
    {
        RequireSound();
        _turns.RequireOpen();
        return Task.FromResult(new RecentTurns { First = State.Turns - State.Recent.Length, Turns = State.Recent });
    }

    /// <inheritdoc/>
    public Task<SessionExport> Export(CancellationToken cancellationToken)
    {
        RequireSound();
        _turns.RequireOpen();
        return Task.FromResult(new SessionExport
        {
            Model = State.Model,
            Options = State.Options,
            Tokens = TokenBytes.Decode(State.Tokens, State.Count),
            IsMessageOpen = State.IsMessageOpen,
            Turns = State.Turns,
            Recent = State.Recent,
        });
    }

    /// <inheritdoc/>
    public async Task<SessionInfo> Import(SessionExport export, CancellationToken cancellationToken)
    {
        ImportCheck.Shape(export);
        byte[] tokens = TokenBytes.Append([], export.Tokens);
        return await BeginAsync(
            state => state.Turns == export.Turns && state.Tokens.AsSpan().SequenceEqual(tokens) && RequestHash.Of(state.Options) == RequestHash.Of(export.Options),
            device =>
            {
                ImportCheck.Fits(export, device.Worker.Model);
                return new SessionState
                {
                    Model = export.Model,
                    Options = export.Options,
                    Tokens = tokens,
                    Count = export.Tokens.Length,
                    IsMessageOpen = export.IsMessageOpen,
                    Turns = export.Turns,
                    Recent = export.Recent,
                };
            },
            cancellationToken);
    }
}
