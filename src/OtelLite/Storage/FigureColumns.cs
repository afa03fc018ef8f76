using OtelLite.Usage;

namespace OtelLite.Storage;

/// <summary>Where usage_session_model and usage_sum have each figure.</summary>
internal static class FigureColumns
{
    /// <summary>All figures, in the order of the columns.</summary>
    public static readonly Figure[] Figures = Enum.GetValues<Figure>();

    public static readonly string[] All = Array.ConvertAll(Figures, Of);

    /// <summary>The place of a figure among the columns.</summary>
    public static int IndexOf(Figure figure) => Array.IndexOf(Figures, figure);

    /// <summary>The column of a figure.</summary>
    public static string Of(Figure figure) => figure switch
    {
        Figure.Input => "input",
        Figure.Output => "output",
        Figure.CacheRead => "cache_read",
        Figure.CacheCreation => "cache_creation",
        Figure.Cost => "cost",
        Figure.InputRest => "input_rest",
        Figure.OutputRest => "output_rest",
        Figure.CacheReadRest => "cache_read_rest",
        Figure.CacheCreationRest => "cache_creation_rest",
        Figure.CostRest => "cost_rest",
        Figure.ApiRequests => "api_requests",
        Figure.Prompts => "prompts",
        Figure.ApiErrors => "api_errors",
        Figure.LinesAdded => "lines_added",
        Figure.LinesRemoved => "lines_removed",
        Figure.Commits => "commits",
        Figure.PullRequests => "pull_requests",
        Figure.ActiveUser => "active_user",
        Figure.ActiveCli => "active_cli",
        Figure.EditsAccepted => "edits_accepted",
        Figure.EditsRejected => "edits_rejected",
        Figure.Commands => "commands",
        Figure.TaskNotifications => "task_notifications",
        Figure.ToolCalls => "tool_calls",
        Figure.ToolFailures => "tool_failures",
        Figure.InputAuxiliary => "input_auxiliary",
        Figure.OutputAuxiliary => "output_auxiliary",
        Figure.CacheReadAuxiliary => "cache_read_auxiliary",
        Figure.CacheCreationAuxiliary => "cache_creation_auxiliary",
        _ => "cost_auxiliary",
    };
}
