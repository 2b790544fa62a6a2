using System.Net;
using System.Text;
using System.Text.Json;

namespace KVCluster.Silo.Tests.Gateway;

/// <summary>Requests that are too large or too slow cost the server little, and say why.</summary>
public class LimitTests(BoundedServer server) : IClassFixture<BoundedServer>
{
    private const string Head = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n";

    [Fact]
    public async Task A_body_that_is_too_large_is_refused_by_its_length()
    {
        HttpResponseMessage response = await server.PostAsync("/v1/chat/completions", new string('x', BoundedServer.MaxBytes + 1));

        JsonElement error = await response.ErrorAsync(HttpStatusCode.RequestEntityTooLarge);
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
    }

    [Fact]
    public async Task A_body_that_grows_too_large_in_chunks_is_refused()
    {
        using var body = new MemoryStream(Encoding.UTF8.GetBytes("{\"model\":\"" + new string('x', BoundedServer.MaxBytes * 2)));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StreamContent(body) };
        request.Headers.TransferEncodingChunked = true;

        await (await server.Http.SendAsync(request)).ErrorAsync(HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task A_session_file_that_is_too_large_is_refused() => await (await server.PostAsync(
        "/v1/sessions/large/import", new string(' ', BoundedServer.MaxBytes + 1))).ErrorAsync(HttpStatusCode.RequestEntityTooLarge);

    [Fact]
    public async Task Headers_that_do_not_end_are_not_waited_for()
    {
        using RawConnection slow = await RawConnection.OpenAsync(server.Host.Address);
        await slow.WriteAsync("GET /v1/models HTTP/1.1\r\nHost: x\r\nX-Slow: ");

        Assert.True(await slow.StatusAsync() is null or 408);
    }

    [Fact]
    public async Task A_body_that_trickles_is_not_waited_for_and_others_are_served_meanwhile()
    {
        RawConnection[] slow = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => RawConnection.OpenAsync(server.Host.Address)));
        foreach (RawConnection connection in slow)
        {
            await connection.WriteAsync(Head + "Content-Length: 5000\r\n\r\n{");
        }

        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync("/v1/models")).StatusCode);
        int?[] ended = await Task.WhenAll(slow.Select(connection => connection.StatusAsync()));
        Assert.All(ended, status => Assert.True(status is null or 408, $"{status}"));
        Assert.All(slow, connection => connection.Dispose());
        await server.RequireQuietAsync();
    }

    [Fact]
    public async Task Headers_that_are_too_many_or_too_long_are_refused()
    {
        using RawConnection connection = await RawConnection.OpenAsync(server.Host.Address);
        await connection.WriteAsync("GET /v1/models HTTP/1.1\r\nHost: x\r\nX-Long: " + new string('x', 40 << 10) + "\r\n\r\n");

        Assert.True(await connection.StatusAsync() is null or 431);
    }

    [Theory]
    [InlineData("5\r\n{\"a\":\r\n1\r\n1\r\n1\r\n}\r\n0\r\n\r\n", true)]
    [InlineData("5\r\n{\"a\":\r\nzz\r\n1}\r\n0\r\n\r\n", false)]
    [InlineData("-1\r\n{}\r\n0\r\n\r\n", false)]
    [InlineData("FFFFFFFFFF\r\n{}", false)]
    [InlineData("2;x=y\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n", true)]
    public async Task Chunks_in_any_form_are_read_or_refused(string chunks, bool wellFormed)
    {
        using RawConnection connection = await RawConnection.OpenAsync(server.Host.Address);
        await connection.WriteAsync(Head + "Transfer-Encoding: chunked\r\n\r\n" + chunks);

        string answer = await connection.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 4", answer, StringComparison.Ordinal);
        Assert.Contains(wellFormed ? "\"param\":\"model\"" : "\"error\"", answer, StringComparison.Ordinal);
    }
}
