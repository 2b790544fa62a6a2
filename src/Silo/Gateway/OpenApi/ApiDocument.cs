using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using KVCluster.Silo.OpenAi;

namespace KVCluster.Silo.Gateway.OpenApi;

/// <summary>
/// The OpenAPI document (3.1): what is asked from the tables of operations, what is answered from the types that are written, so that the
/// one cannot differ from the other.
/// </summary>
internal static class ApiDocument
{
    public const string SessionHeader = "X-Session-Id";
    public const string KeyHeader = "Idempotency-Key";
    private const string Json = "application/json";

    /// <summary>Every operation.</summary>
    /// <param name="model">The model served, for the examples.</param>
    public static IReadOnlyList<ApiOperation> Operations(string model) =>
    [
        .. OpenAiOperations.All(model),
        .. SessionOperations.All(),
        .. OperatorOperations.All(),
        new("GET", "/healthz", "health", "Whether the process works: where not, a restart helps."),
        new("GET", "/readyz", "readiness", "Whether requests should come here."),
    ];

    /// <summary>The document as JSON.</summary>
    public static string Of(string model)
    {
        JsonObject schemas = RequestSchemas.All();
        var paths = new JsonObject();
        foreach (IGrouping<string, ApiOperation> path in Operations(model).GroupBy(o => o.Path))
        {
            var item = new JsonObject();
            string[] names = [.. path.Key.Split('/').Where(part => part.StartsWith('{')).Select(part => part.Trim('{', '}'))];
            if (names.Length > 0)
            {
                item["parameters"] = new JsonArray([.. names.Select(name => (JsonNode)Parameter(name, "path", "string", name == "id" ? "its id" : $"the {name}"))]);
            }

            foreach (ApiOperation operation in path)
            {
                item[operation.Method.ToLowerInvariant()] = Operation(operation, schemas);
            }

            paths[path.Key] = item;
        }

        schemas["Error"] = Schema(OpenAiJson.Web.ErrorBody);
        return new JsonObject
        {
            ["openapi"] = "3.1.1",
            ["info"] = new JsonObject { ["title"] = "KVCluster", ["version"] = typeof(ApiDocument).Assembly.GetName().Version!.ToString(3) },
            ["security"] = new JsonArray(new JsonObject(), new JsonObject { ["key"] = new JsonArray() }),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["schemas"] = schemas,
                ["securitySchemes"] = new JsonObject { ["key"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" } },
            },
        }.ToJsonString(OpenAiJson.Web.Options);
    }

    private static JsonObject Operation(ApiOperation operation, JsonObject schemas)
    {
        var result = new JsonObject { ["operationId"] = operation.Id, ["summary"] = operation.Summary };
        if (operation.Role is { } role)
        {
            result["description"] = $"Needs the role '{role.ToString().ToLowerInvariant()}' where the server has keys.";
        }

        JsonNode[] parameters =
        [
            .. operation.Query.Select(q => Parameter(q.Name, "query", q.Type, q.Description)),
            .. operation.Headers.Select(h => Parameter(h, "header", "string", h == KeyHeader
                ? "makes the request safe to send again to a named session"
                : "the session to go on in; absent: the one whose history is the longest beginning of the request")),
        ];
        if (parameters.Length > 0)
        {
            result["parameters"] = new JsonArray(parameters);
        }

        if (operation.Request is { } request)
        {
            var media = new JsonObject { ["schema"] = Reference(request) };
            if (operation.Example is { Length: > 0 } example)
            {
                media["example"] = JsonNode.Parse(example);
            }

            result["requestBody"] = new JsonObject { ["required"] = true, ["content"] = new JsonObject { [Json] = media } };
        }

        result["responses"] = new JsonObject
        {
            [operation.Status.ToString(CultureInfo.InvariantCulture)] = Success(operation, schemas),
            ["default"] = new JsonObject
            {
                ["description"] = "An error in OpenAI's shape; 429 and 503 say in Retry-After when to come back.",
                ["content"] = new JsonObject { [Json] = new JsonObject { ["schema"] = Reference("Error") } },
            },
        };
        return result;
    }

    private static JsonObject Success(ApiOperation operation, JsonObject schemas)
    {
        var response = new JsonObject { ["description"] = "Done." };
        var content = new JsonObject();
        if (operation.Response is { } type)
        {
            string name = NameOf(type);
            schemas[name] ??= Schema(type);
            content[Json] = new JsonObject { ["schema"] = Reference(name) };
        }

        if (operation.Streams || operation.IsEndless)
        {
            content["text/event-stream"] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "string" } };
        }

        if (content.Count > 0)
        {
            response["content"] = content;
        }

        return response;
    }

    private static string NameOf(JsonTypeInfo type) => type.Kind == JsonTypeInfoKind.Enumerable ? type.ElementType!.Name + "List" : type.Type.Name;

    private static JsonNode Schema(JsonTypeInfo type) => type.GetJsonSchemaAsNode(
        new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = (_, schema) => Written(schema) });

    /// <summary>What may be null is left out where it is; what may be anything is an empty schema, which every reader knows.</summary>
    private static JsonNode Written(JsonNode schema)
    {
        if (schema is not JsonObject rules)
        {
            return new JsonObject();
        }

        if (rules["required"] is JsonArray required)
        {
            rules["required"] = new JsonArray([.. required
                .Where(name => rules["properties"]![name!.GetValue<string>()]!["type"] is not JsonArray).Select(name => name!.DeepClone())]);
        }

        return rules;
    }

    private static JsonObject Reference(string schema) => new() { ["$ref"] = $"#/components/schemas/{schema}" };

    private static JsonObject Parameter(string name, string place, string type, string description) => new()
    {
        ["name"] = name,
        ["in"] = place,
        ["required"] = place == "path",
        ["description"] = description,
        ["schema"] = new JsonObject { ["type"] = type },
    };
}
