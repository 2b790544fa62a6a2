using KVCluster.Inference.Kv;

namespace KVCluster.Worker.Serving;

/// <summary>
/// Chooses which idle caches leave the arena when a turn needs room. Called on the device's thread, so it must be quick; it decides, the
/// worker acts.
/// </summary>
public interface IPressureRelief
{
    /// <summary>
    /// Sessions to evict, in order. The worker takes them one by one until the room suffices, saves each first where there is a store, and
    /// skips those that are in use by then.
    /// </summary>
    IEnumerable<SessionKey> Choose(PressureState state);
}

/// <summary>A device short of memory.</summary>
/// <param name="NeededBytes">Bytes wanted beyond the free ones.</param>
/// <param name="Ledger">The arena at that instant.</param>
/// <param name="Idle">Caches that may go.</param>
public sealed record PressureState(long NeededBytes, LedgerSnapshot Ledger, IReadOnlyList<IdleCache> Idle);

/// <summary>A cache in the arena that no turn uses.</summary>
/// <param name="Session">Whose.</param>
/// <param name="Tokens">Tokens it stands for.</param>
/// <param name="LastUse">Counts uses of the device: the lower, the longer ago.</param>
/// <param name="IsExact">Whether every token is present as computed.</param>
/// <param name="IsSaved">Whether a cold copy holds all of it.</param>
public sealed record IdleCache(SessionKey Session, int Tokens, long LastUse, bool IsExact, bool IsSaved);
