namespace Orleans.Core
{
    /// <summary>A state in a store. Its methods are for the turns of the grain it belongs to.</summary>
    public interface IStorage
    {
        /// <summary>The ETag last read or written; null before a record exists.</summary>
        string? Etag { get; }

        /// <summary>Whether the store has a record.</summary>
        bool RecordExists { get; }

        /// <summary>Reads the state again.</summary>
        Task ReadStateAsync();

        /// <summary>Writes the state, if its record is still the one last read or written.</summary>
        /// <exception cref="Storage.InconsistentStateException">Somebody else wrote it.</exception>
        Task WriteStateAsync();

        /// <summary>Removes the record, if it is still the one last read or written.</summary>
        /// <exception cref="Storage.InconsistentStateException">Somebody else wrote it.</exception>
        Task ClearStateAsync();
    }

    /// <summary>A state in a store.</summary>
    public interface IStorage<TState> : IStorage
    {
        /// <summary>The state, as this activation has it.</summary>
        TState State { get; set; }
    }
}

namespace Orleans.Runtime
{
    /// <summary>A state of a grain, read before the grain is activated. Mark the constructor's parameter with <see cref="PersistentStateAttribute"/>.</summary>
    public interface IPersistentState<TState> : Core.IStorage<TState>;
}
