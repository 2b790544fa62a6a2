using KVCluster.Silo.OpenAi;
using Microsoft.AspNetCore.Http;

namespace KVCluster.Silo.Gateway;

/// <summary>Writes answers in the form of one endpoint.</summary>
internal interface IAnswerWriter
{
    /// <summary>What a stream begins with.</summary>
    Task BeginAsync(ServerSentEvents events, CancellationToken cancellationToken);

    /// <summary>What a chunk added to an answer; <paramref name="firstLogprob"/> is the first log probability not yet sent.</summary>
    Task SendAsync(ServerSentEvents events, int choice, AnswerCollector answer, int firstLogprob, bool first, CancellationToken cancellationToken);

    /// <summary>What a stream ends with.</summary>
    Task EndAsync(ServerSentEvents events, IReadOnlyList<AnswerCollector> answers, CancellationToken cancellationToken);

    /// <summary>All of it as one body.</summary>
    Task WholeAsync(HttpResponse response, IReadOnlyList<AnswerCollector> answers, CancellationToken cancellationToken);
}
