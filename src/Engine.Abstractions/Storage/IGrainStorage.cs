using Orleans.Runtime;

namespace Orleans
{
    /// <summary>A state and what its store knows of it.</summary>
    public interface IGrainState<T>
    {
        /// <summary>The state.</summary>
        T? State { get; set; }

        /// <summary>The version of the record; null without one.</summary>
        string? ETag { get; set; }

        /// <summary>Whether there is a record.</summary>
        bool RecordExists { get; set; }
    }

    /// <summary>A state and what its store knows of it.</summary>
    [GenerateSerializer]
    public sealed class GrainState<T>(T? state, string? eTag) : IGrainState<T>
    {
        /// <summary>Nothing yet.</summary>
        public GrainState()
            : this(default, null)
        {
        }

        /// <summary>A state without a record.</summary>
        public GrainState(T? state)
            : this(state, null)
        {
        }

        /// <inheritdoc/>
        [Id(0)]
        public T? State { get; set; } = state;

        /// <inheritdoc/>
        [Id(1)]
        public string? ETag { get; set; } = eTag;

        /// <inheritdoc/>
        [Id(2)]
        public bool RecordExists { get; set; }
    }
}

namespace Orleans.Storage
{
    /// <summary>A store of grain states. Register one by name with <c>AddGrainStorage</c>.</summary>
    public interface IGrainStorage
    {
        /// <summary>Fills <paramref name="grainState"/>; without a record, sets a new state, no ETag and RecordExists false.</summary>
        Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <summary>Writes the state if the record's ETag is <c>grainState.ETag</c>, and sets the new ETag.</summary>
        /// <exception cref="InconsistentStateException">The record's ETag is another.</exception>
        Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <summary>Removes the record if its ETag is <c>grainState.ETag</c>.</summary>
        /// <exception cref="InconsistentStateException">The record's ETag is another.</exception>
        Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <inheritdoc cref="ReadStateAsync{T}(string, GrainId, IGrainState{T})"/>
        Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
            => ReadStateAsync(stateName, grainId, grainState);

        /// <inheritdoc cref="WriteStateAsync{T}(string, GrainId, IGrainState{T})"/>
        Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
            => WriteStateAsync(stateName, grainId, grainState);

        /// <inheritdoc cref="ClearStateAsync{T}(string, GrainId, IGrainState{T})"/>
        Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
            => ClearStateAsync(stateName, grainId, grainState);
    }
}
