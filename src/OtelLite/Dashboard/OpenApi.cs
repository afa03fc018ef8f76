using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;

namespace OtelLite.Dashboard;

/// <summary>The API's description, made from the list of endpoints and from the very types that are serialized.</summary>
internal static class OpenApi
{
    public static JsonObject Describe(IEnumerable<ApiEndpoint> endpoints, string version)
    {
        var paths = new JsonObject();
        foreach (ApiEndpoint endpoint in endpoints)
        {
            if (paths[endpoint.Path] is not JsonObject path)
            {
                paths[endpoint.Path] = path = [];
            }

            path[endpoint.Method == "GET" ? "get" : "post"] = Operation(endpoint);
        }

        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = "OtelLite",
                ["version"] = version,
                ["description"] = "What Claude Code uses, from its own OpenTelemetry export. Times are RFC 3339; ranges are [from, to).",
            },
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["securitySchemes"] = new JsonObject
                {
                    ["bearer"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" },
                },
            },
            ["security"] = new JsonArray(new JsonObject { ["bearer"] = new JsonArray() }),
        };
    }

    private static JsonObject Operation(ApiEndpoint endpoint)
    {
        IEnumerable<(string Name, string Does)> parameters = endpoint.Parameters;
        if (endpoint.Scoped)
        {
            parameters = ScopeReader.Parameters.Concat(parameters);
        }

        string status = endpoint.Makes ? "201" : "200";
        var operation = new JsonObject
        {
            ["summary"] = endpoint.Does,
            ["parameters"] = new JsonArray([.. parameters.Select(p => Parameter(p, "query")), .. PathParameters(endpoint)]),
            ["responses"] = new JsonObject
            {
                [status] = endpoint.Answer is { } answer
                    ? Content("the answer", "application/json", Schema(answer()))
                    : Content("the answer", "text/event-stream", new JsonObject { ["type"] = "string" }),
                ["default"] = Content("what was wrong", "application/problem+json", Schema(ApiJson.Default.Problem)),
            },
        };
        if (endpoint.Body is { } body)
        {
            operation["requestBody"] = Content("what is posted", "application/json", Schema(body()));
        }

        if (endpoint.Open)
        {
            operation["security"] = new JsonArray();
        }

        return operation;
    }

    private static IEnumerable<JsonNode> PathParameters(ApiEndpoint endpoint)
    {
        if (endpoint.Path.EndsWith("{id}", StringComparison.Ordinal))
        {
            JsonObject parameter = Parameter(("id", "what the list calls it"), "path");
            parameter["required"] = true;
            yield return parameter;
        }
    }

    private static JsonObject Parameter((string Name, string Does) parameter, string place) => new JsonObject
    {
        ["name"] = parameter.Name,
        ["in"] = place,
        ["description"] = parameter.Does,
        ["schema"] = new JsonObject { ["type"] = "string" },
    };

    private static JsonObject Content(string description, string type, JsonNode schema) => new()
    {
        ["description"] = description,
        ["content"] = new JsonObject { [type] = new JsonObject { ["schema"] = schema } },
    };

    private static JsonNode Schema(JsonTypeInfo type) =>
        type.GetJsonSchemaAsNode(new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true });
}
