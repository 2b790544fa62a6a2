using Microsoft.Extensions.AI;

namespace KVCluster.Client;

/// <summary>Sessions as Microsoft.Extensions.AI has chats.</summary>
public static class ChatClientExtensions
{
    /// <summary>The client's sessions behind <see cref="IChatClient"/>.</summary>
    /// <param name="client">The sessions.</param>
    /// <param name="defaults">Options of the sessions it creates.</param>
    public static IChatClient AsChatClient(this KVClusterClient client, SessionOptions? defaults = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        return new KVClusterChatClient(client, defaults);
    }
}
