"""The context argument of a Lambda function."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Context:
    seconds: float
    aws_request_id: str = "a-request"
    function_name: str = "ordersite-prod"

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)
