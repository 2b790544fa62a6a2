using KVCluster.Grains;
using KVCluster.Inference.Tokenization;
using KVCluster.Silo.Gateway;
using Orleans;

namespace KVCluster.Silo.Operators;

/// <summary>Puts together what the dashboard shows of one session.</summary>
internal sealed class SessionDetails(IGrainFactory grains, ServedModel model)
{
    private const int MaxColumns = 256;

    /// <summary>Tokens whose text is shown: the first of them, which is where the sinks are, up to this many.</summary>
    private const int MaxText = 16_384;

    /// <param name="id">Which.</param>
    /// <param name="withText">Whether the text may be read.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<SessionDetail> ReadAsync(SessionId id, bool withText, CancellationToken cancellationToken)
    {
        ISessionGrain session = grains.GetGrain<ISessionGrain>(id.Key);
        SessionInfo info = await session.Describe(cancellationToken);
        KeptMap? map = await session.ReadKept(cancellationToken);
        return new SessionDetail(
            SessionBody.Of(info),
            map is null ? null : Kept(map),
            withText ? await TextAsync(session, map, cancellationToken) : null);
    }

    private static KeptBody Kept(KeptMap map)
    {
        int columns = Math.Min(MaxColumns, map.Positions);
        return new KeptBody(
            map.Positions, map.Layers, map.KvHeads, map.ClosedTokens, columns, Convert.ToBase64String(KeptCells.Cells(map, columns)), KeptCells.KeptPerRow(map));
    }

    private async Task<TextShareBody> TextAsync(ISessionGrain session, KeptMap? map, CancellationToken cancellationToken)
    {
        HistorySlice history = await session.ReadHistory(0, MaxText, cancellationToken);
        var text = new StreamingDetokenizer(model.Tokenizer);
        string[] pieces = [.. history.Tokens.Select(token => token < model.Tokenizer.VocabularySize ? text.Push(token) : "")];
        byte[] shares = map is null || map.ClosedTokens > 0 ? [] : KeptCells.PerToken(map, 0, pieces.Length);
        return new TextShareBody(0, history.Total, pieces, Convert.ToBase64String(shares));
    }
}
