namespace OtelLite.Tests.Conformance;

/// <summary>
/// The four examples of opentelemetry-proto (examples/{trace,metrics,logs,events}.json): the fields and values of its release 1.x, and as written
/// there over many lines and with times as bare numbers in one and as strings in another.
/// </summary>
internal static class ProtoExamples
{
    private const string Resource = """
        "resource": {
          "attributes": [
            { "key": "service.name", "value": { "stringValue": "my.service" } }
          ]
        }
        """;

    private const string Scope = """
        "scope": {
          "name": "my.library",
          "version": "1.0.0",
          "attributes": [
            { "key": "my.scope.attribute", "value": { "stringValue": "some scope attribute" } }
          ]
        }
        """;

    public const string Trace = $$"""
        {
          "resourceSpans": [
            {
              {{Resource}},
              "scopeSpans": [
                {
                  {{Scope}},
                  "spans": [
                    {
                      "traceId": "5B8EFFF798038103D269B633813FC60C",
                      "spanId": "EEE19B7EC3C1B174",
                      "parentSpanId": "EEE19B7EC3C1B173",
                      "name": "I'm a server span",
                      "startTimeUnixNano": 1544712660000000000,
                      "endTimeUnixNano": 1544712661000000000,
                      "kind": 2,
                      "attributes": [
                        { "key": "my.span.attr", "value": { "stringValue": "some value" } }
                      ]
                    }
                  ]
                }
              ]
            }
          ]
        }
        """;

    public const string Metrics = $$"""
        {
          "resourceMetrics": [
            {
              {{Resource}},
              "scopeMetrics": [
                {
                  {{Scope}},
                  "metrics": [
                    {
                      "name": "my.counter",
                      "unit": "1",
                      "description": "I am a Counter",
                      "sum": {
                        "aggregationTemporality": 1,
                        "isMonotonic": true,
                        "dataPoints": [
                          {
                            "asDouble": 5,
                            "startTimeUnixNano": "1544712660300000000",
                            "timeUnixNano": "1544712660300000000",
                            "attributes": [
                              { "key": "my.counter.attr", "value": { "stringValue": "some value" } }
                            ]
                          }
                        ]
                      }
                    },
                    {
                      "name": "my.gauge",
                      "unit": "1",
                      "description": "I am a Gauge",
                      "gauge": {
                        "dataPoints": [
                          {
                            "asDouble": 10,
                            "timeUnixNano": "1544712660300000000",
                            "attributes": [
                              { "key": "my.gauge.attr", "value": { "stringValue": "some value" } }
                            ]
                          }
                        ]
                      }
                    },
                    {
                      "name": "my.histogram",
                      "unit": "1",
                      "description": "I am a Histogram",
                      "histogram": {
                        "aggregationTemporality": 1,
                        "dataPoints": [
                          {
                            "startTimeUnixNano": "1544712660300000000",
                            "timeUnixNano": "1544712660300000000",
                            "count": 2,
                            "sum": 2,
                            "bucketCounts": [1,1],
                            "explicitBounds": [1],
                            "min": 0,
                            "max": 2,
                            "attributes": [
                              { "key": "my.histogram.attr", "value": { "stringValue": "some value" } }
                            ]
                          }
                        ]
                      }
                    },
                    {
                      "name": "my.exponential.histogram",
                      "unit": "1",
                      "description": "I am an Exponential Histogram",
                      "exponentialHistogram": {
                        "aggregationTemporality": 1,
                        "dataPoints": [
                          {
                            "startTimeUnixNano": "1544712660300000000",
                            "timeUnixNano": "1544712660300000000",
                            "count": 3,
                            "sum": 10,
                            "scale": 0,
                            "zeroCount": 1,
                            "positive": {
                              "offset": 1,
                              "bucketCounts": [0,2]
                            },
                            "min": 0,
                            "max": 5,
                            "zeroThreshold": 0,
                            "attributes": [
                              { "key": "my.exponential.histogram.attr", "value": { "stringValue": "some value" } }
                            ]
                          }
                        ]
                      }
                    }
                  ]
                }
              ]
            }
          ]
        }
        """;

    public const string Logs = $$"""
        {
          "resourceLogs": [
            {
              {{Resource}},
              "scopeLogs": [
                {
                  {{Scope}},
                  "logRecords": [
                    {
                      "timeUnixNano": "1544712660300000000",
                      "observedTimeUnixNano": "1544712660300000000",
                      "severityNumber": 10,
                      "severityText": "Information",
                      "traceId": "5B8EFFF798038103D269B633813FC60C",
                      "spanId": "EEE19B7EC3C1B174",
                      "body": { "stringValue": "Example log record" },
                      "attributes": [
                        { "key": "string.attribute", "value": { "stringValue": "some string" } },
                        { "key": "boolean.attribute", "value": { "boolValue": true } },
                        { "key": "int.attribute", "value": { "intValue": "10" } },
                        { "key": "double.attribute", "value": { "doubleValue": 637.704 } },
                        { "key": "array.attribute", "value": { "arrayValue": { "values": [ { "stringValue": "many" }, { "stringValue": "values" } ] } } },
                        { "key": "map.attribute", "value": { "kvlistValue": { "values": [ { "key": "some.map.key", "value": { "stringValue": "some value" } } ] } } }
                      ]
                    }
                  ]
                }
              ]
            }
          ]
        }
        """;

    /// <summary>Its map is an array where the schema says a message with one: so it is published, and so a reader of it will write.</summary>
    public const string Events = $$"""
        {
            "resourceLogs": [
              {
                {{Resource}},
                "scopeLogs": [
                  {
                    {{Scope}},
                    "logRecords": [
                      {
                        "timeUnixNano": "1544712660300000000",
                        "observedTimeUnixNano": "1544712660300000000",
                        "severityNumber": 9,
                        "attributes": [
                            { "key": "event.name", "value": { "stringValue": "browser.page_view" } }
                        ],  
                        "body": {
                            "kvlistValue": [
                                { "key": "type", "value": { "intValue": "0" } },
                                { "key": "url", "value": { "stringValue": "https://www.guidgenerator.com/online-guid-generator.aspx" } },
                                { "key": "referrer", "value": { "stringValue": "https://wwww.google.com" } },
                                { "key": "title", "value": { "stringValue": "Free Online GUID Generator" } }
                            ]
                        }
                      }
                    ]
                  }
                ]
              }
            ]
          }
        """;
}
