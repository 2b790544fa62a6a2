using System.Text.Json;
using System.Text.Json.Nodes;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Gateway;
using KVCluster.Silo.Gateway.Health;
using KVCluster.Silo.Gateway.OpenApi;
using KVCluster.Silo.Operators;
using KVCluster.Worker;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;

namespace KVCluster.Silo.Tests.Gateway.OpenApi;

public class ApiDocumentTests(TestServer server) : IClassFixture<TestServer>
{
    private static readonly string[] Fields = ["openapi", "info", "paths"];

    [Fact]
    public async Task It_is_a_valid_document()
    {
        JsonElement served = await (await server.Http.GetAsync(ApiDocumentEndpoint.Path)).JsonAsync();
        ReadResult read = OpenApiDocument.Parse(served.GetRawText(), "json");

        Assert.All(Fields, field => Assert.True(served.TryGetProperty(field, out _)));
        Assert.Empty(read.Diagnostic!.Errors.Select(e => e.ToString()));
        Assert.Empty(read.Diagnostic.Warnings.Select(e => e.ToString()));
        Assert.Equal(ApiDocument.Operations("needle").Count, read.Document!.Paths.Sum(p => p.Value.Operations!.Count));
        Assert.Equal(ApiDocument.Operations("x").Count, ApiDocument.Operations("x").Select(o => o.Id).Distinct().Count());
    }

    [Fact]
    public async Task Every_route_is_in_it_and_nothing_else()
    {
        var served = new ServedModel("needle", ModelText.Of(server.Host.Nodes[0].Model), default);
        await using var operators = new OperatorServices(
            new TelemetrySettings(), [server.Host.Nodes[0].Name], server.Host.Grains, served, null, null, NullLoggerFactory.Instance);
        var health = new ServerHealth(server.Host.Nodes);
        await using WebApplication app = GatewayApp.Build(
            new ListenSettings { Url = "http://127.0.0.1:0" }, server.Host.Grains, served, null, health, operators, _ => { });
        IEnumerable<string> routed = ((IEndpointRouteBuilder)app).DataSources
            .SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []).Select(method => $"{method} {e.RoutePattern.RawText!.TrimEnd('/').Replace("{**", "{", StringComparison.Ordinal)}"))
            .Where(route => route.Contains(" /v1/", StringComparison.Ordinal) || route.EndsWith("z", StringComparison.Ordinal));

        Assert.Equal(
            routed.Order(StringComparer.Ordinal), ApiDocument.Operations("needle").Select(o => $"{o.Method} {o.Path}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_examples_work_one_after_another_and_are_answered_as_it_says()
    {
        JsonNode document = JsonNode.Parse(ApiDocument.Of("needle"))!;
        JsonObject schemas = document["components"]!["schemas"]!.AsObject();
        string exported = "";
        // Operators' routes are streams and acts on what the others made: Dashboard.Tests has them.
        foreach (ApiOperation operation in ApiDocument.Operations("needle").ExceptBy(OperatorOperations.All().Select(o => o.Id), o => o.Id))
        {
            string path = PathOf(operation);
            using var request = new HttpRequestMessage(new HttpMethod(operation.Method), path);
            string? body = operation.Id == "importSession" ? exported : operation.Example;
            if (body is not null)
            {
                request.Content = ServerRequests.Body(body);
                SchemaCheck.Conforms(JsonNode.Parse(body), schemas[operation.Request!]!, schemas, operation.Request!);
            }

            using HttpResponseMessage response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            string answer = operation.IsEndless ? "" : await response.Content.ReadAsStringAsync();
            Assert.True(operation.Status == (int)response.StatusCode, $"{operation.Id}: {response.StatusCode}: {answer}");
            exported = operation.Id == "exportSession" ? answer : exported;
            JsonNode? schema = document["paths"]![operation.Path]![operation.Method.ToLowerInvariant()]!["responses"]![
                $"{operation.Status}"]!["content"]?["application/json"]?["schema"];
            if (schema is not null)
            {
                SchemaCheck.Conforms(JsonNode.Parse(answer), schema, schemas, operation.Id);
            }
        }
    }

    /// <summary>The path with what its parts stand for on this server; "notes" is closed when the operators' turn comes.</summary>
    private static string PathOf(ApiOperation operation)
    {
        string id = operation.Id switch
        {
            "getModel" => "needle",
            "importSession" => "notes-imported",
            _ => operation.Path.StartsWith("/v1/cluster", StringComparison.Ordinal) ? "notes-fork" : "notes",
        };
        return operation.Path
            .Replace("{id}", id, StringComparison.Ordinal).Replace("{tenant}", "default", StringComparison.Ordinal)
            .Replace("{node}", "node-1", StringComparison.Ordinal).Replace("{device}", "cpu:0", StringComparison.Ordinal)
            .Replace("{action}", "demote", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Errors_have_the_shape_it_says()
    {
        JsonObject schemas = JsonNode.Parse(ApiDocument.Of("needle"))!["components"]!["schemas"]!.AsObject();
        using HttpResponseMessage response = await server.PostAsync("/v1/chat/completions", "{}");

        SchemaCheck.Conforms(JsonNode.Parse(await response.Content.ReadAsStringAsync()), schemas["Error"]!, schemas, "Error");
    }
}
