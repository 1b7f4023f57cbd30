variable "name" {
  description = "What everything is called."
  type        = string
}

variable "monthly_budget" {
  description = "USD a month."
  type        = number
}

variable "alert_mails" {
  description = "Who hears of it."
  type        = list(string)
}
