using System.Globalization;
using System.Text.Json.Nodes;

namespace OtelLite.Tests.Otlp;

/// <summary>
/// What ProtoJSON leaves to the sender: the order of members, members that are null, members nobody knows. Held for every place
/// of a request that uses every member, so that no place is forgotten.
/// </summary>
public sealed class OtlpJsonShapeTests
{
    private const string Everything = """
        {
          "resourceMetrics": [{
            "resource": {"attributes": [{"key": "host.name", "value": {"stringValue": "h"}}], "droppedAttributesCount": 2},
            "schemaUrl": "https://example.org/resource",
            "scopeMetrics": [{
              "scope": {"name": "scope", "version": "1", "attributes": [{"key": "s", "value": {"intValue": "1"}}], "droppedAttributesCount": 1},
              "schemaUrl": "https://example.org/scope",
              "metrics": [
                {"name": "claude_code.cost.usage", "description": "d", "unit": "USD", "sum": {"aggregationTemporality": 2, "isMonotonic": true,
                  "dataPoints": [
                    {"attributes": [{"key": "session.id", "value": {"stringValue": "s"}}, {"key": "b", "value": {"boolValue": true}}],
                     "startTimeUnixNano": "1", "timeUnixNano": "2", "asDouble": 1.5, "flags": 2},
                    {"timeUnixNano": 3, "asInt": "4"}]}},
                {"name": "level", "unit": "%", "gauge": {"dataPoints": [{"timeUnixNano": "5", "asInt": "6", "flags": 1}]}}]
            }]
          }],
          "resourceLogs": [{
            "resource": {"attributes": [{"key": "d", "value": {"doubleValue": 0.5}}]},
            "schemaUrl": "https://example.org/logs",
            "scopeLogs": [{
              "scope": {"name": "events"},
              "schemaUrl": "https://example.org/logscope",
              "logRecords": [
                {"timeUnixNano": "7", "observedTimeUnixNano": "8", "severityNumber": 9, "severityText": "INFO", "eventName": "claude_code.api_request",
                 "body": {"kvlistValue": {"values": [
                   {"key": "list", "value": {"arrayValue": {"values": [{"intValue": "1"}, {"bytesValue": "aGk="}, {}]}}},
                   {"key": "text", "value": {"stringValue": "t"}}]}},
                 "attributes": [{"key": "prompt.id", "value": {"stringValue": "p"}}, {"key": "n", "value": {"arrayValue": {"values": [{"boolValue": false}]}}}],
                 "droppedAttributesCount": 3, "flags": 1,
                 "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174"},
                {"observedTimeUnixNano": "9", "body": {"stringValue": "claude_code.user_prompt"}}]
            }]
          }]
        }
        """;

    [Fact]
    public void Members_in_any_order_mean_the_same()
    {
        string expected = Decoded.Of(Everything).ToString();
        for (int seed = 0; seed < 200; seed++)
        {
            JsonNode shuffled = Parse();
            var random = new Random(seed);
            foreach (JsonObject node in ObjectsIn(shuffled))
            {
                KeyValuePair<string, JsonNode?>[] members = [.. node];
                random.Shuffle(members);
                node.Clear();
                foreach ((string name, JsonNode? value) in members)
                {
                    node.Add(name, value);
                }
            }

            Assert.Equal(expected, Decoded.Of(shuffled.ToJsonString()).ToString());
        }
    }

    [Fact]
    public void Null_means_not_set_for_every_member()
    {
        int members = 0;
        foreach ((JsonObject inNull, JsonObject inRemoved) in ObjectsIn(Parse()).Zip(ObjectsIn(Parse())))
        {
            foreach (string name in inNull.Select(m => m.Key).ToArray())
            {
                (JsonNode? value, JsonNode? same) = (inNull[name], inRemoved[name]);
                int index = inNull.IndexOf(name);
                inNull[name] = null;
                inRemoved.Remove(name);
                string place = $"{inNull.GetPath()}.{name}";
                Assert.Equal(
                    $"{place}\n{Decoded.Of(inRemoved.Root.ToJsonString())}",
                    $"{place}\n{Decoded.Of(inNull.Root.ToJsonString())}");
                inNull[name] = value;
                inRemoved.Insert(index, name, same);
                members++;
            }
        }

        Assert.True(members > 80, $"only {members} members were tried");
    }

    [Fact]
    public void Unknown_members_are_passed_over_at_every_place()
    {
        string expected = Decoded.Of(Everything).ToString();
        foreach (JsonObject node in ObjectsIn(Parse()))
        {
            foreach (int index in (int[])[0, node.Count])
            {
                node.Insert(index, "zzz", JsonNode.Parse("""{"a":[1,{"attributes":null,"key":"x"},"]}"],"timeUnixNano":{"b":[]}}"""));
                Assert.Equal(expected, Decoded.Of(node.Root.ToJsonString()).ToString());
                node.Remove("zzz");
            }
        }
    }

    [Fact]
    public void White_space_changes_nothing() => Assert.Equal(
        Decoded.Of(Everything).ToString(), Decoded.Of("\r\n\t " + Parse().ToJsonString() + "\n\n").ToString());

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"resourceLogs":[],"resourceMetrics":null}""")]
    [InlineData("""{"resourceLogs":[{}],"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m"}]}]}]}""")]
    [InlineData("""{"resource_logs":[{"scope_logs":[{"log_records":[{}]}]}]}""")]
    public void A_request_may_hold_nothing(string body)
    {
        Decoded decoded = Decoded.Of(body);
        Assert.Empty(decoded.Points);
        Assert.Empty(decoded.Records);
        Assert.Equal(0, decoded.Rejected);
    }

    private static JsonNode Parse() => JsonNode.Parse(Everything)!;

    /// <summary>Every object of a document, outermost first; a list, so that each may be changed while it is walked.</summary>
    private static List<JsonObject> ObjectsIn(JsonNode? node) => node switch
    {
        JsonObject o => [o, .. o.SelectMany(m => ObjectsIn(m.Value))],
        JsonArray a => [.. a.SelectMany(ObjectsIn)],
        _ => [],
    };
}
