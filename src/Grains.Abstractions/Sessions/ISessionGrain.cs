namespace KVCluster.Grains;

/// <summary>
/// One conversation: the only writer of its history, the owner of its cache. Key: "tenant/session" (<see cref="SessionId"/>). The history
/// is durable before a turn is acknowledged; the cache is a copy that a device can always make again. Any call may also fail with
/// <see cref="SessionUnavailableException"/>, or with the engine's own errors where the node is lost: send it again.
/// </summary>
[Alias("KVCluster.ISessionGrain")]
public interface ISessionGrain : IGrainWithStringKey
{
    /// <summary>Creates the session. Sent again with equal options it changes nothing.</summary>
    /// <exception cref="InvalidRequestException">The key or an option is wrong.</exception>
    /// <exception cref="SessionExistsException">It was created with other options.</exception>
    /// <exception cref="SessionClosedException">It was closed.</exception>
    [Alias("Create")]
    Task<SessionInfo> Create(SessionOptions options, CancellationToken cancellationToken = default);

    /// <summary>Adds to the history and computes the cache of it. Cancelled, it never was.</summary>
    /// <exception cref="SessionNotFoundException">It was not created.</exception>
    /// <exception cref="SessionClosedException">It was closed.</exception>
    /// <exception cref="SessionBusyException">A turn is running.</exception>
    /// <exception cref="IdempotencyConflictException">The key came with another request.</exception>
    /// <exception cref="InvalidRequestException">The prompt is wrong.</exception>
    /// <exception cref="HistoryMismatchException">The prompt is a whole conversation, and another one.</exception>
    /// <exception cref="TokenBudgetException">It does not fit.</exception>
    /// <exception cref="DeviceOverloadedException">No room came free in time.</exception>
    [Alias("Append"), ResponseTimeout("00:30:00")]
    Task<TurnResult> Append(AppendRequest request, CancellationToken cancellationToken = default);

    /// <summary>
    /// Runs a turn and yields the answer as it is made. The last chunk carries the result and comes when the turn is durable. A turn that
    /// is cancelled by the token, or whose reader leaves, never was. Errors as of <see cref="Append"/>, with the first chunk; and in its middle
    /// <see cref="SessionUnavailableException"/>, after which the same request, sent again with its idempotency key, yields the answer from its
    /// beginning: again what was made, where the node left in order, or from the record.
    /// </summary>
    [Alias("Generate")]
    IAsyncEnumerable<TokenChunk> Generate(GenerateRequest request, CancellationToken cancellationToken = default);

    /// <summary>
    /// Ends the running turn after the token at hand; it counts as made, with <see cref="TurnFinish.Cancelled"/>. False where none is
    /// running.
    /// </summary>
    [Alias("Cancel"), AlwaysInterleave]
    Task<bool> Cancel(CancellationToken cancellationToken = default);

    /// <summary>Begins another session with this one's history; its cache shares this one's pages where both are on one device.</summary>
    /// <exception cref="SessionNotFoundException">This session was not created.</exception>
    /// <exception cref="SessionClosedException">This session, or the other, was closed.</exception>
    /// <exception cref="SessionBusyException">A turn is running.</exception>
    /// <exception cref="SessionExistsException">The other exists and is not the same fork.</exception>
    /// <exception cref="InvalidRequestException">The other's id or the number of tokens is wrong.</exception>
    [Alias("Fork"), ResponseTimeout("00:05:00")]
    Task<SessionInfo> Fork(ForkRequest request, CancellationToken cancellationToken = default);

    /// <summary>Creates this session with another's history. Called by <see cref="Fork"/>.</summary>
    [Alias("Adopt"), AlwaysInterleave]
    Task<SessionInfo> Adopt(SessionSeed seed, CancellationToken cancellationToken = default);

    /// <summary>What the session is and does at this instant.</summary>
    /// <exception cref="SessionNotFoundException">It was not created.</exception>
    [Alias("Describe"), AlwaysInterleave]
    Task<SessionInfo> Describe(CancellationToken cancellationToken = default);

    /// <summary>Which tokens each (layer, KV head) of the cache still has; null where it is on no device.</summary>
    /// <exception cref="SessionNotFoundException">It was not created.</exception>
    [Alias("ReadKept"), AlwaysInterleave]
    Task<KeptMap?> ReadKept(CancellationToken cancellationToken = default);

    /// <summary>
    /// Tokens [<paramref name="start"/>, start + <paramref name="count"/>) of the acknowledged history, as far as there are any.
    /// </summary>
    /// <exception cref="SessionNotFoundException">It was not created.</exception>
    /// <exception cref="SessionClosedException">It was closed: its tokens are gone.</exception>
    /// <exception cref="InvalidRequestException">A number is negative.</exception>
    [Alias("ReadHistory"), AlwaysInterleave]
    Task<HistorySlice> ReadHistory(int start, int count, CancellationToken cancellationToken = default);

    /// <summary>The last turns, as far as they are kept.</summary>
    /// <exception cref="SessionNotFoundException">It was not created.</exception>
    /// <exception cref="SessionClosedException">It was closed: its turns are gone.</exception>
    [Alias("ReadTurns"), AlwaysInterleave]
    Task<RecentTurns> ReadTurns(CancellationToken cancellationToken = default);

    /// <summary>All of the session that is acknowledged, to <see cref="Import"/> it elsewhere.</summary>
    /// <exception cref="SessionNotFoundException">It was not created.</exception>
    /// <exception cref="SessionClosedException">It was closed: its tokens are gone.</exception>
    [Alias("Export"), AlwaysInterleave]
    Task<SessionExport> Export(CancellationToken cancellationToken = default);

    /// <summary>Creates this session with the history and the turns of an exported one. Sent again it changes nothing.</summary>
    /// <exception cref="InvalidRequestException">What was exported contradicts itself, or does not fit the model.</exception>
    /// <exception cref="ModelMismatchException">It belongs to another model than the one served here.</exception>
    /// <exception cref="SessionExistsException">The session exists and is not the same.</exception>
    /// <exception cref="SessionClosedException">It was closed.</exception>
    [Alias("Import")]
    Task<SessionInfo> Import(SessionExport export, CancellationToken cancellationToken = default);

    /// <summary>
    /// Moves the session to another node: its cache is saved to the cold store and taken off the device, the activation goes, and the other
    /// node fetches the cache. Returns when the move is under way; the next call is served there.
    /// </summary>
    /// <exception cref="SessionNotFoundException">It was not created.</exception>
    /// <exception cref="SessionClosedException">It was closed.</exception>
    /// <exception cref="SessionBusyException">A turn is running.</exception>
    /// <exception cref="NodeNotFoundException">No live node has that name.</exception>
    [Alias("Move"), ResponseTimeout("00:05:00")]
    Task Move(string node, CancellationToken cancellationToken = default);

    /// <summary>
    /// Cuts the session's cache, which must be on a device, down to what a policy keeps. The history stays whole, and so does the exact cold
    /// copy while it is kept (<see cref="MakeWhole"/>).
    /// </summary>
    /// <exception cref="SessionNotFoundException">It was not created.</exception>
    /// <exception cref="SessionClosedException">It was closed.</exception>
    /// <exception cref="SessionBusyException">A turn is running.</exception>
    /// <exception cref="InvalidRequestException">The policy or the share is wrong, or the cache is on no device.</exception>
    [Alias("Compress"), ResponseTimeout("00:10:00")]
    Task<SessionInfo> Compress(CompressRequest request, CancellationToken cancellationToken = default);

    /// <summary>Brings the exact cache of the whole history back: from its exact cold copy, else by computing it again.</summary>
    /// <exception cref="SessionNotFoundException">It was not created.</exception>
    /// <exception cref="SessionClosedException">It was closed.</exception>
    /// <exception cref="SessionBusyException">A turn is running.</exception>
    /// <exception cref="DeviceOverloadedException">No room came free in time.</exception>
    [Alias("MakeWhole"), ResponseTimeout("00:30:00")]
    Task<SessionInfo> MakeWhole(CancellationToken cancellationToken = default);

    /// <summary>Takes the cache off its device, saved to the cold store first where there is one; the next turn brings it back.</summary>
    /// <exception cref="SessionNotFoundException">It was not created.</exception>
    /// <exception cref="SessionClosedException">It was closed.</exception>
    /// <exception cref="SessionBusyException">A turn is running.</exception>
    [Alias("Demote"), ResponseTimeout("00:05:00")]
    Task<SessionInfo> Demote(CancellationToken cancellationToken = default);

    /// <summary>
    /// Keeps the cache from being cut, or taken off its device, for want of memory; what is asked for (<see cref="Compress"/>,
    /// <see cref="Demote"/>, <see cref="Move"/>) is done all the same. A later call replaces an earlier one; zero ends it. The pin goes along
    /// with a move, and ends with the node.
    /// </summary>
    /// <exception cref="SessionNotFoundException">It was not created.</exception>
    /// <exception cref="SessionClosedException">It was closed.</exception>
    /// <exception cref="InvalidRequestException">The time is out of range, or pinned caches would take more than their share of the device.</exception>
    [Alias("Pin"), AlwaysInterleave]
    Task<SessionInfo> Pin(PinRequest request, CancellationToken cancellationToken = default);

    /// <summary>Closes the session for good: history, cache and cold copies are deleted. Closing again changes nothing.</summary>
    /// <exception cref="SessionNotFoundException">It was not created.</exception>
    /// <exception cref="SessionBusyException">A turn is running.</exception>
    [Alias("Close"), ResponseTimeout("00:05:00")]
    Task Close(CancellationToken cancellationToken = default);
}
