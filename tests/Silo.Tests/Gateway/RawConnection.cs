using System.Net.Sockets;
using System.Text;

namespace KVCluster.Silo.Tests.Gateway;

/// <summary>A connection on which a test writes bytes as it likes.</summary>
internal sealed class RawConnection : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TcpClient _client = new();

    public static async Task<RawConnection> OpenAsync(Uri server)
    {
        var connection = new RawConnection();
        await connection._client.ConnectAsync(server.Host, server.Port);
        return connection;
    }

    public async Task WriteAsync(string text) => await WriteAsync(Encoding.Latin1.GetBytes(text));

    public async Task WriteAsync(byte[] bytes) => await _client.GetStream().WriteAsync(bytes);

    /// <summary>All that comes until the server closes the connection; it must do so in time.</summary>
    public async Task<string> ReadToEndAsync()
    {
        using var reader = new StreamReader(_client.GetStream(), Encoding.UTF8);
        try
        {
            return await reader.ReadToEndAsync().WaitAsync(Patience);
        }
        catch (IOException)
        {
            // A reset is a close too.
            return "";
        }
    }

    /// <summary>The status of the first answer; null where the connection ends without one.</summary>
    public async Task<int?> StatusAsync()
    {
        string answer = await ReadToEndAsync();
        return answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) ? int.Parse(answer.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture) : null;
    }

    public void Dispose() => _client.Dispose();
}
